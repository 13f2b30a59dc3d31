from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "backend.apps.exchange"
    label = "exchange"
    verbose_name = "对外交换"
