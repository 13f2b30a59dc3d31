from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "backend.apps.messaging"
    label = "messaging"
    verbose_name = "消息中心"
