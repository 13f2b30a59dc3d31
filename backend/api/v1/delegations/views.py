"""委托: handing one's own step to a colleague for some days, seeing what was handed over, ending it early."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import IDEMPOTENCY_KEY, PageQuerySerializer, operation
from backend.api.v1.delegations.serializers import (
    DelegableStepsSerializer,
    DelegationMadeSerializer,
    DelegationMakeSerializer,
    DelegationPageSerializer,
    StandInQuerySerializer,
)
from backend.api.v1.tasks.verb_serializers import ColleaguePageSerializer
from backend.api.v1.tasks.views import VIEW
from backend.api.views import ApiView
from workflows.selectors import delegable_steps, delegation_page, stand_ins
from workflows.services import ActionPayload, delegation_make, delegation_revoke

LISTING = "delegations"


class DelegationsApi(ApiView):
    permission = VIEW

    @operation(
        "delegation_list",
        tag="delegations",
        summary="我委托的与委托给我的, 新的在前",
        query=PageQuerySerializer,
        response=DelegationPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = delegation_page(actor=self.actor, after=self.after(LISTING, filters), limit=filters["limit"])
        return self.page(LISTING, page, DelegationPageSerializer)

    @operation(
        "delegation_make",
        tag="delegations",
        summary="委托同事代办一个环节, 到期自动终止",
        request=DelegationMakeSerializer,
        response=DelegationMadeSerializer,
        status=201,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(DelegationMakeSerializer)
        made = delegation_make(
            actor=self.actor,
            delegate_id=data["delegate_id"],
            permission=data["permission"],
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            payload=ActionPayload(comment=data["reason"], idempotency_key=self.idempotency_key),
        )
        return Response({"id": made.delegation_id}, status=status.HTTP_201_CREATED)


class DelegationRevokeApi(ApiView):
    permission = VIEW

    @operation(
        "delegation_revoke",
        tag="delegations",
        summary="撤销本人的委托",
        response=DelegationMadeSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, delegation_id: int) -> Response:
        ended = delegation_revoke(
            actor=self.actor,
            delegation_id=delegation_id,
            payload=ActionPayload(idempotency_key=self.idempotency_key),
        )
        return Response({"id": ended.delegation_id})


class DelegableStepListApi(ApiView):
    permission = VIEW

    @operation(
        "delegable_step_list",
        tag="delegations",
        summary="我可以委托的环节",
        response=DelegableStepsSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(DelegableStepsSerializer({"results": delegable_steps(actor=self.actor)}).data)


class StandInListApi(ApiView):
    permission = VIEW

    @operation(
        "stand_in_list",
        tag="delegations",
        summary="可以受托的同事, 不能选的说明原因",
        query=StandInQuerySerializer,
        response=ColleaguePageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(StandInQuerySerializer)
        listing = f"stand-ins:{filters['permission']}"
        page = stand_ins(
            actor=self.actor,
            permission=filters["permission"],
            text=filters["q"],
            after=self.after(listing, filters),
            limit=filters["limit"],
        )
        return self.page(listing, page, ColleaguePageSerializer)
