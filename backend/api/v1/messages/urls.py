from django.urls import path

from backend.api.v1.messages import views

urlpatterns = [
    path("messages", views.MessageListApi.as_view()),
    path("messages/unread-count", views.MessageUnreadCountApi.as_view()),
    path("messages/<id:message_id>/read", views.MessageReadApi.as_view()),
]
