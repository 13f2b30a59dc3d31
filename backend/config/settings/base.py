"""Settings common to every edition. Adapters are named here by dotted path; nobody imports them."""

from backend.config.settings.env import BASE_DIR, VAR_DIR

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "viewflow",
    "viewflow.workflow",
    "backend.apps.audit",
    "backend.apps.accounts",
    "backend.apps.exchange",
    "backend.apps.messaging",
    "backend.apps.institutions",
    "backend.apps.enrolment",
    "backend.apps.attendance",
    "backend.apps.alerts",
    "backend.apps.subsidy",
    "backend.apps.seals",
    "backend.apps.reporting",
    "workflows",
    "backend.api",
    "backend.jobs",
]
VIEWFLOW = {"AUTOREGISTER": False}  # its middleware turns 200 into 422 for some POSTs

MIDDLEWARE = [
    "backend.api.middleware.ApiAnswers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backend.api.middleware.IdleSessions",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "backend.config.urls"
WSGI_APPLICATION = "backend.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["backend.apps.accounts.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE_SECONDS = 30 * 60
CLIENT_ADDRESS_KEY = "REMOTE_ADDR"  # in request.META; behind a proxy the header that the proxy itself sets
CSRF_FAILURE_VIEW = "backend.api.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_IMMUTABLE_FILE_TEST = (
    r"^/static/app/assets/.+-[\w-]{8}\.\w+$"  # Vite puts a content hash into these names
)
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
VERIFIER_DIR = BASE_DIR / "verifier"  # the offline verifiers, given away as they are
STATICFILES_DIRS = [("app", FRONTEND_DIST)] if FRONTEND_DIST.exists() else []
MEDIA_ROOT = VAR_DIR / "media"  # photos and reports, served only through permission-checked views

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["backend.api.authentication.StrictSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["backend.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "backend.api.errors.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "智剡托育 API",
    "DESCRIPTION": "Childcare attendance subsidy: one month from punches to sealed report.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "integer", "minimum": 1},
        "template_kind": {
            "type": "string",
            "enum": ["institutions", "children", "staff", "punches", "leaves"],
        },
        "template_format": {"type": "string", "enum": ["csv", "xlsx"]},
    },
    # One type name per closed list in the generated client.
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "backend.api.v1.session.serializers.ROLE_CHOICES",
        "TaskBoxEnum": "backend.api.enums.TaskBox",
        "TaskStatusEnum": "backend.api.enums.TaskStatus",
        "TaskNodeEnum": "backend.api.enums.TaskNode",
        "TaskDecisionEnum": "backend.api.enums.TaskDecision",
        "JobStateEnum": "backend.api.enums.JobState",
        "JobsStatusEnum": "backend.api.enums.JobsStatus",
        "JobKindEnum": "backend.api.enums.JobKind",
        "TaskOrderEnum": "backend.api.enums.TaskOrder",
        "StatisticsAxisEnum": "backend.apps.reporting.selectors.statistics.Axis",
        "BatchStateEnum": "backend.api.enums.BatchState",
        "DueStateEnum": "backend.api.enums.DueState",
        "UsualOfEnum": "backend.api.enums.UsualOf",
        "FlowNameEnum": "backend.api.enums.FlowName",
        "StayKindEnum": "backend.api.enums.StayKind",
        "TimelineEventEnum": "workflows.models.ProcessEvent.Kind",
        "CycleNodeEnum": "backend.api.enums.CycleNode",
        "PositionStatusEnum": "backend.api.enums.PositionStatus",
        "StatementStateEnum": "backend.api.enums.StatementState",
        "DayKindEnum": "backend.api.enums.DayKind",
        "DayStatusEnum": "backend.api.enums.DayStatus",
        "ClassTypeEnum": "backend.apps.institutions.models.ClassType",
        "CareModeEnum": "backend.apps.enrolment.models.CareMode",
        "PunchDirectionEnum": "backend.apps.attendance.models.Punch.Direction",
        "PunchSourceEnum": "backend.apps.attendance.models.Punch.Source",
        "FeedStateEnum": "backend.apps.attendance.models.FeedDay.State",
        "FeedCauseEnum": "backend.api.enums.FeedCause",
        "FeedChoiceEnum": "backend.apps.attendance.models.FeedSettlement.Choice",
        "CorrectionKindEnum": "backend.apps.attendance.models.AttendanceCorrection.Kind",
        "CorrectionStateEnum": "backend.apps.attendance.models.AttendanceCorrection.State",
        "CorrectionDecisionEnum": "backend.api.enums.CorrectionDecision",
        "AlertRuleEnum": "backend.apps.alerts.selectors.rules.RULE_CHOICES",
        "AlertSeverityEnum": "backend.api.v1.alerts.serializers.SEVERITY_CHOICES",
        "AlertStatusEnum": "backend.apps.alerts.models.Alert.State",
        "LeaveKindEnum": "backend.apps.attendance.models.Leave.Kind",
        "AlertOutcomeEnum": "backend.apps.alerts.models.AlertOutcome.Outcome",
        "StatementStepEnum": "backend.apps.subsidy.models.StatementDecision.Step",
        "StatementDecisionEnum": "backend.apps.subsidy.models.StatementDecision.Decision",
        "SchemeStateEnum": "backend.apps.subsidy.models.Scheme.State",
        "SchemeEventKindEnum": "backend.apps.subsidy.models.SchemeEvent.Kind",
        "ReportKindEnum": "backend.apps.reporting.models.ReportFile.Kind",
    },
}
API_FILE_BYTES = 10_600_000  # 10 MB of 佐证材料 and what a form adds to it
API_BODY_BYTES = 1_000_000  # a decision on 1,000 marked lines is 10 kB

# Field encryption: key ids to base64 SM4 keys; production gets them from a key service or the environment.
FIELD_KEYS: dict[str, str] = {}
FIELD_KEY_CURRENT = ""
BLIND_INDEX_KEY = ""

# Sealing: who signs (adapter and its options), retired keys that still verify, where packages are kept.
SEAL_SIGNERS: list[dict[str, str]] = []
SEAL_OLD_KEYS: list[str] = []
SEAL_BACKUPS: dict[str, dict[str, str]] = {}
SEAL_OWNER_ROLE = ""  # PostgreSQL role that owns the sealed tables and is not the application's (ADR 0063)

# Ports and the adapters that fill them.
ADAPTERS: dict[str, str] = {}

# Background work.
JOB_RUNNER = "embedded"  # "celery" in production
JOB_LEASE_SECONDS = 30
JOB_HEARTBEAT_SECONDS = 10
JOB_PROGRESS_SECONDS = 1  # how soon the progress of a job is visible
JOB_MAX_ATTEMPTS = 5
JOB_RESEND_SECONDS = 30

DEMO = False  # the embedded edition shows its demo accounts on the login page

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "backend.common.logs.PrivateFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {  # they narrate every report at INFO
        "weasyprint": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
