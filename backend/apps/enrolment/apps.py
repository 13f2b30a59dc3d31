from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "backend.apps.enrolment"
    label = "enrolment"
    verbose_name = "在托登记"
