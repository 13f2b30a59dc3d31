"""Production: PostgreSQL, Redis, Celery, TLS in front. Every secret comes from the environment."""

from backend.config.settings.base import *  # noqa: F403  # settings modules build on each other by star import
from backend.config.settings.env import database, env, seal_backups, seal_signers

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATABASES = {"default": database(env.str("DATABASE_URL"))}
FIELD_KEYS = env.dict("FIELD_KEYS")
FIELD_KEY_CURRENT = env.str("FIELD_KEY_CURRENT")
BLIND_INDEX_KEY = env.str("BLIND_INDEX_KEY")
SEAL_SIGNERS = seal_signers(
    name=env.str("SEAL_NAME"),
    named=env.list("SEAL_SIGNERS", default=[]),
    ed25519=env.str("SEAL_ED25519_KEY", default=""),
    sm2=env.str("SEAL_SM2_KEY", default=""),
)
SEAL_BACKUPS = seal_backups(
    folder=env.str("SEAL_BACKUP_DIR"),
    s3={
        "endpoint": env.str("SEAL_S3_ENDPOINT", default=""),
        "bucket": env.str("SEAL_S3_BUCKET", default=""),
        "region": env.str("SEAL_S3_REGION", default="us-east-1"),
        "prefix": env.str("SEAL_S3_PREFIX", default=""),
        "access_key": env.str("SEAL_S3_ACCESS_KEY", default=""),
        "secret_key": env.str("SEAL_S3_SECRET_KEY", default=""),
    },
)
SEAL_OWNER_ROLE = env.str("SEAL_OWNER_ROLE", default="")
SEAL_OLD_KEYS = env.list("SEAL_OLD_KEYS", default=[])
MEDIA_ROOT = env.str("MEDIA_ROOT")
JOB_RUNNER = "celery"
CELERY_BROKER_URL = env.str("REDIS_URL")

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CLIENT_ADDRESS_KEY = env.str("CLIENT_ADDRESS_KEY", default="HTTP_X_REAL_IP")  # nginx overwrites it
