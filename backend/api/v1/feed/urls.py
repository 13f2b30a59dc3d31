from django.urls import path

from backend.api.v1.feed import views

urlpatterns = [
    path("feed", views.FeedMonthApi.as_view()),
    path("feed/unsettled", views.FeedUnsettledApi.as_view()),
    path("feed/<id:feed_day_id>/settle", views.FeedSettleApi.as_view()),
]
