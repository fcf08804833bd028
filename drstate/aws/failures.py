"""AWS's and botocore's errors in our words: what happened, why, and what helps.

Every exception class of botocore has a row in ``RULES``, its own or that of a base class; a test
walks them all. Nothing here shows an external id, a key or a token: of a refused role only the code
of the refusal is told, never the text.
"""

from __future__ import annotations

from botocore import exceptions as aws

from drstate.aws.records import CallRecord
from drstate.aws.transient import MISDIRECTED, THROTTLED, UNREACHABLE, code_of, is_transient
from drstate.errors import (
    AwsCallError,
    ConfigError,
    CredentialsError,
    DrstateError,
    InternalError,
    Retry,
)
from drstate.model.scope import Account

#: codes that say: these credentials are no good, whatever the call
BAD_CREDENTIALS: frozenset[str] = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
#: a new session of the same role helps
EXPIRED: frozenset[str] = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
DENIED: frozenset[str] = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)

_CREDENTIALS: tuple[type[Exception], ...] = (
    aws.CredentialRetrievalError,
    aws.InvalidConfigError,
    aws.LoginError,
    aws.MetadataRetrievalError,
    aws.MissingDependencyException,
    aws.NoAuthTokenError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.RefreshWithMFAUnsupportedError,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.UnknownCredentialError,
    aws.UnknownTokenProviderError,
)
_SETTINGS: tuple[type[Exception], ...] = (
    *MISDIRECTED,
    aws.BaseEndpointResolverError,
    aws.ConfigNotFound,
    aws.ConfigParseError,
    aws.EndpointProviderError,
    aws.InvalidChecksumConfigError,
    aws.InvalidDNSNameError,
    aws.InvalidDefaultsMode,
    aws.InvalidEndpointConfigurationError,
    aws.InvalidEndpointDiscoveryConfigurationError,
    aws.InvalidHostLabelError,
    aws.InvalidIMDSEndpointError,
    aws.InvalidIMDSEndpointModeError,
    aws.InvalidProxiesConfigError,
    aws.InvalidRegionError,
    aws.InvalidRetryConfigurationError,
    aws.InvalidS3AddressingStyleError,
    aws.InvalidS3UsEast1RegionalEndpointConfigError,
    aws.InvalidSTSRegionalEndpointsConfigError,
    aws.ServiceNotInRegionError,
    aws.UnknownRegionError,
    aws.UnsupportedS3ConfigurationError,
    aws.UnsupportedS3ControlConfigurationError,
)
_ANSWERS: tuple[type[Exception], ...] = (*UNREACHABLE, aws.PaginationError)
_BUGS: tuple[type[Exception], ...] = (
    aws.ApiVersionNotFoundError,
    aws.AwsChunkedWrapperError,
    aws.CapacityNotAvailableError,
    aws.DataNotFoundError,
    aws.ImminentRemovalWarning,
    aws.InvalidExpressionError,
    aws.MD5UnavailableError,
    aws.MissingParametersError,
    aws.OperationNotPageableError,
    aws.ParamValidationError,
    aws.StubResponseError,
    aws.UndefinedModelAttributeError,
    aws.UnknownClientMethodError,
    aws.UnknownServiceStyle,
    aws.UnknownSignatureVersionError,
    aws.UnseekableStreamError,
    aws.UnsupportedOutpostResourceError,
    aws.UnsupportedS3AccesspointConfigurationError,
    aws.UnsupportedS3ArnError,
    aws.UnsupportedS3ControlArnError,
    aws.UnsupportedServiceProtocolsError,
    aws.UnsupportedSignatureVersionError,
    aws.UnsupportedTLSVersionWarning,
    aws.ValidationError,
    aws.WaiterConfigError,
    aws.WaiterError,
)

#: exception classes -> what they become; the first row that holds is taken
RULES: tuple[tuple[tuple[type[Exception], ...], type[DrstateError]], ...] = (
    ((aws.ClientError,), AwsCallError),
    (_CREDENTIALS, CredentialsError),
    (_SETTINGS, ConfigError),
    (_ANSWERS, AwsCallError),
    (_BUGS, InternalError),
)


def rule_for(kind: type[Exception]) -> type[DrstateError] | None:
    """What an exception of this class becomes; None for a class that is not AWS's."""
    for classes, ours in RULES:
        if issubclass(kind, classes):
            return ours
    return None


def failure(error: Exception, call: CallRecord, account: Account) -> DrstateError:
    """The error that a person sees for ``error``, met in ``call`` with the role of ``account``."""
    where = f"{call.service} {call.operation} in {account.name} ({account.id}), {call.region}"
    if isinstance(error, aws.ClientError):
        return _refused(error, call, account, where)
    ours = rule_for(type(error))
    why = f"{type(error).__name__}: {error}"
    if ours is CredentialsError:
        return no_credentials(error)
    if ours is ConfigError:
        return ConfigError(
            f"the AWS settings of this machine are wrong for {where}",
            why=why,
            hint="check the region, proxy, CA bundle and endpoint in the environment (AWS_*) and "
            "in ~/.aws/config, then run 'drstate doctor'",
        )
    if ours is AwsCallError:
        return AwsCallError(
            f"no usable answer from {where}",
            service=call.service,
            operation=call.operation,
            aws_code=type(error).__name__,
            account=account.id,
            region=call.region,
            why=why,
            hint="check the network and whether the region answers; then 'drstate resume' goes on "
            "where it stopped",
            retry=Retry.TRANSIENT if is_transient(error) else Retry.PERMANENT,
        )
    return InternalError(
        f"{where} was called wrongly", why=why, hint="this is a bug in drstate: report it"
    )


def _refused(
    error: aws.ClientError, call: CallRecord, account: Account, where: str
) -> DrstateError:
    code = code_of(error)
    if code in BAD_CREDENTIALS:
        return CredentialsError(
            f"the session in {account.name} ({account.id}) was refused by {call.service}",
            why=f"AWS answered {code}",
            hint="renew your credentials (aws sso login, or a new key) and check this machine's "
            "clock; then run 'drstate doctor'",
        )
    text = str(error.response.get("Error", {}).get("Message", "")) or "AWS gave no reason"
    return AwsCallError(
        f"{where} failed: {code}",
        service=call.service,
        operation=call.operation,
        aws_code=code,
        account=account.id,
        region=call.region,
        why=text.replace(account.external_id, "***"),
        hint=_hint(code, call, account),
        retry=_retry(error, code),
    )


def _hint(code: str, call: CallRecord, account: Account) -> str:
    if code in DENIED:
        return f"allow {call.permission} for {account.role_arn} in account {account.id}"
    if code in THROTTLED:
        return "AWS is limiting calls; wait a minute, then 'drstate resume'"
    return "mend what AWS names and run the command again; 'drstate doctor' checks the access"


def _retry(error: aws.ClientError, code: str) -> Retry:
    if code in DENIED:
        return Retry.NEEDS_PERSON
    return Retry.TRANSIENT if is_transient(error) else Retry.PERMANENT


def no_credentials(error: Exception) -> CredentialsError:
    """The runner's own credentials are missing or unusable."""
    return CredentialsError(
        "there are no usable AWS credentials on this machine",
        why=f"{type(error).__name__}: {error}",
        hint="log in ('aws sso login'), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY; for a rehearsal without AWS add --sandbox",
    )


def role_refused(error: Exception, account: Account, region: str, scope_file: str) -> DrstateError:
    """Why the role of ``account`` was not assumed. The external id is never part of it."""
    what = f"the role {account.role_arn} in {account.name} ({account.id}) could not be assumed"
    if isinstance(error, aws.ClientError):
        code = code_of(error)
        if code in BAD_CREDENTIALS:
            return CredentialsError(
                what,
                why=f"your own credentials were refused by STS in {region} ({code})",
                hint="renew them ('aws sso login', or a new key), then run the command again",
            )
        if is_transient(error):
            return _no_sts(what, code, region)
        return CredentialsError(
            what,
            why=f"STS in {region} answered {code}: the role does not exist, or its trust policy "
            "does not let you in with this external id",
            hint=f"compare accounts: {account.id}: role_arn and external_id in {scope_file} with "
            "the role's trust policy, then run 'drstate doctor'",
        )
    if isinstance(error, aws.ParamValidationError):
        return ConfigError(
            what,
            why="role_arn or external_id does not have the form that STS demands",
            hint=f"correct accounts: {account.id}: role_arn and external_id in {scope_file}",
        )
    if rule_for(type(error)) is CredentialsError:
        return no_credentials(error)
    return _no_sts(what, type(error).__name__, region)


def _no_sts(what: str, why: str, region: str) -> CredentialsError:
    return CredentialsError(
        what,
        why=f"STS in {region} gives no usable answer ({why})",
        hint="check the network and whether the region answers, then run the command again",
        retry=Retry.TRANSIENT,
    )
