from django.urls import path

from backend.api.v1.late import views

urlpatterns = [
    path("late", views.LedgerMonthListApi.as_view()),
    path("cycles/<id:cycle_id>/late", views.LedgerMonthApi.as_view()),
    path("cycles/<id:cycle_id>/late/lines", views.LedgerLineListApi.as_view()),
    path("late/lines/<id:line_id>", views.LedgerLineApi.as_view()),
    path("statements/<id:statement_id>/adjustments", views.AdjustmentListApi.as_view()),
]
