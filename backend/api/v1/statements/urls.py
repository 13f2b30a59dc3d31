from django.urls import path

from backend.api.v1.statements import views

urlpatterns = [
    path("cycles/<id:cycle_id>/statements", views.CycleStatementListApi.as_view()),
    path("statements", views.StatementListApi.as_view()),
    path("statements/<id:statement_id>", views.StatementRetrieveApi.as_view()),
    path("statements/<id:statement_id>/exclude", views.StatementExcludeApi.as_view()),
    path("statements/<id:statement_id>/reopen", views.StatementReopenApi.as_view()),
    path("statements/<id:statement_id>/lines", views.StatementLineListApi.as_view()),
    path("lines/<id:line_id>", views.LineRetrieveApi.as_view()),
    path("lines/<id:line_id>/pay-here", views.LinePayHereApi.as_view()),
]
