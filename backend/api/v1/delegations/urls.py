from django.urls import path

from backend.api.v1.delegations import views

urlpatterns = [
    path("delegations", views.DelegationsApi.as_view()),
    path("delegations/steps", views.DelegableStepListApi.as_view()),
    path("delegations/stand-ins", views.StandInListApi.as_view()),
    path("delegations/<id:delegation_id>/revoke", views.DelegationRevokeApi.as_view()),
]
