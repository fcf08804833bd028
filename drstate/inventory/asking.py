"""Asking one account in one region which resources carry dr:enabled.

Resource Explorer is asked first: one index for every type. Where it has no index, no view, no tags
in its view, or no permission, the Resource Groups Tagging API is asked instead, and the report says
why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from drstate.errors import AwsCallError
from drstate.inventory.found import Found, usable_arn
from drstate.model.grant import Grant
from drstate.model.inventory import Source
from drstate.model.tags import ENABLED

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

EXPLORER = "resource-explorer-2"
TAGGING = "resourcegroupstaggingapi"
#: what discovery needs in every account
GRANTS: tuple[Grant, ...] = (
    Grant(
        "find the resources that carry dr:enabled",
        (
            "resource-explorer-2:GetDefaultView",
            "resource-explorer-2:ListViews",
            "resource-explorer-2:ListResources",
            # AWS authorises a listing as a search of the view
            "resource-explorer-2:Search",
            "tag:GetResources",
        ),
    ),
)
#: the most that either service gives in one page
_EXPLORER_PAGE = 1000
_TAGGING_PAGE = 100


class Answer(NamedTuple):
    """What an account told."""

    found: list[Found]
    source: Source
    note: str = ""


class _NotUsableError(Exception):
    """Resource Explorer cannot serve here; the text says why and what helps."""


def ask(caller: AwsCaller, account: str, region: str) -> Answer:
    """All resources with the tag in this account and region.

    Raises AwsCallError where both services fail, CredentialsError, ConfigError.
    """
    try:
        return Answer(_explorer(caller, account, region), Source.EXPLORER)
    except _NotUsableError as error:
        note = str(error)
    except AwsCallError as error:
        note = f"Resource Explorer is not usable ({error.aws_code}): {error.hint}"
    return Answer(_tagging(caller, account, region), Source.TAGGING, note)


def _explorer(caller: AwsCaller, account: str, region: str) -> list[Found]:
    view = _view(caller, account, region)
    if view is None:
        raise _NotUsableError(
            f"Resource Explorer has no view in {region}: turn it on there, or leave it: the "
            "tagging API knows the same"
        )
    pages = caller.pages(
        EXPLORER,
        "list_resources",
        "Resources",
        account=account,
        region=region,
        ViewArn=view,
        MaxResults=_EXPLORER_PAGE,
        Filters={"FilterString": f'region:{region} tag.key:"{ENABLED}"'},
    )
    found = []
    for item in pages:
        tags = _tags_of(item)
        if ENABLED not in tags:
            raise _NotUsableError(
                f"the Resource Explorer view {view} leaves out tags: add the property 'tags' to it"
            )
        found.append(Found(arn=item["Arn"], tags=tags, asked=(account, region)))
    return _own(found, account, region)


def _view(caller: AwsCaller, account: str, region: str) -> str | None:
    """The default view, or else the first one."""
    try:
        answer = caller.call(EXPLORER, "get_default_view", account=account, region=region)
    except AwsCallError as error:
        if error.aws_code != "ResourceNotFoundException":
            raise
        answer = {}
    if answer.get("ViewArn"):
        return str(answer["ViewArn"])
    views = caller.pages(EXPLORER, "list_views", "Views", account=account, region=region)
    return next((str(view) for view in views), None)


def _tags_of(item: dict[str, Any]) -> dict[str, str]:
    for found in item.get("Properties", ()):
        if found.get("Name") == "tags":
            return {tag["Key"]: tag.get("Value", "") for tag in found.get("Data") or ()}
    return {}


def _tagging(caller: AwsCaller, account: str, region: str) -> list[Found]:
    pages = caller.pages(
        TAGGING,
        "get_resources",
        "ResourceTagMappingList",
        account=account,
        region=region,
        ResourcesPerPage=_TAGGING_PAGE,
        TagFilters=[{"Key": ENABLED}],
    )
    found = [
        Found(
            arn=item["ResourceARN"],
            tags={tag["Key"]: tag["Value"] for tag in item.get("Tags", ())},
            asked=(account, region),
        )
        for item in pages
    ]
    return _own(found, account, region)


def _own(found: list[Found], account: str, region: str) -> list[Found]:
    """What lies in the account and region asked; a wider view also tells of others."""
    return [
        one
        for one in found
        if usable_arn(one.arn) and one.account in ("", account) and one.region in ("", region)
    ]
