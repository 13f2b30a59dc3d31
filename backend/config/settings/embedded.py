"""Embedded edition (`make run`): SQLite, job poller, demo county; needs no other server."""

from backend.config.settings.base import *  # noqa: F403  # settings modules build on each other by star import
from backend.config.settings.env import VAR_DIR, database, env, read_secrets_file, seal_backups, seal_signers

read_secrets_file()
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", default="embedded-edition-without-secrets-file")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
DATABASES = {"default": database(f"sqlite:///{VAR_DIR / 'zhishan.sqlite3'}")}
FIELD_KEYS = env.dict("FIELD_KEYS", default={})
FIELD_KEY_CURRENT = env.str("FIELD_KEY_CURRENT", default="k1")
BLIND_INDEX_KEY = env.str("BLIND_INDEX_KEY", default="")
DEMO = env.bool("DEMO", default=True)
JOB_RUNNER = env.str("JOB_RUNNER", default="embedded")
SEAL_SIGNERS = seal_signers(
    name=env.str("SEAL_NAME", default="zhishan"),
    named=env.list("SEAL_SIGNERS", default=[]),
    ed25519=env.str("SEAL_ED25519_KEY", default=""),
    sm2=env.str("SEAL_SM2_KEY", default=""),
)
SEAL_BACKUPS = seal_backups(
    folder=env.str("SEAL_BACKUP_DIR", default=str(VAR_DIR / "seals")),
    s3={
        "endpoint": env.str("SEAL_S3_ENDPOINT", default=""),
        "bucket": env.str("SEAL_S3_BUCKET", default=""),
        "region": env.str("SEAL_S3_REGION", default="us-east-1"),
        "prefix": env.str("SEAL_S3_PREFIX", default=""),
        "access_key": env.str("SEAL_S3_ACCESS_KEY", default=""),
        "secret_key": env.str("SEAL_S3_SECRET_KEY", default=""),
    },
)
SEAL_OLD_KEYS = env.list("SEAL_OLD_KEYS", default=[])
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(VAR_DIR / "media"))
CELERY_BROKER_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
