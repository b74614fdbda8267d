"""Writes the reference pages that repeat what the code declares: commands, sign-in steps, audit events, settings.

A test fails while one of them is stale. The words that the code does not hold stand here, keyed by the names in the
code, so that a new command, step or event without words is an error.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import click  # noqa: E402

from xenia.cli.commands import xenia  # noqa: E402
from xenia.core import audit  # noqa: E402
from xenia.core.signin.interrupts import CHECKS, Step  # noqa: E402
from xenia.settings.reference import reference_page  # noqa: E402

FOLDER = ROOT / "docs" / "reference"
NOTE = "Written by `scripts/write_reference.py`; do not edit."


def cli_page() -> str:
    """All commands with their options, from click."""
    lines = ["# Commands", "", NOTE, ""]
    lines += [
        "`xenia COMMAND --help` prints the same. Every command that opens an installation takes `--data`, `--database` and",
        "`--config`; without them it opens the platform's default directory. All other settings come from the",
        "[settings](settings.md). Exit code 0 means done, 1 means refused (the message says what to do), 2 means the command",
        "line was not understood.",
        "",
    ]
    context = click.Context(xenia, info_name="xenia")
    for path, command in _commands(xenia, context, "xenia"):
        lines += _command_section(path, command)
    return "\n".join(lines)


def _commands(group: click.Group, context: click.Context, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, context, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _command_section(path: str, command: click.Command) -> list[str]:
    arguments = [_argument(one) for one in command.params if isinstance(one, click.Argument)]
    usage = " ".join([path, "[OPTIONS]", *arguments])
    lines = [f"## {path}", "", (command.help or "").strip(), "", f"    {usage}", ""]
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        lines += ["| Option | Meaning |", "|---|---|"]
        lines += [f"| {_option(one)} | {(one.help or '').strip()} |" for one in options]
        lines.append("")
    return lines


def _argument(argument: click.Argument) -> str:
    return (argument.metavar or argument.name or "").upper()


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    shown = option.metavar or (
        "\\|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.type.name.upper()
    )
    return f"{names} {shown}"


CHECK_WORDS = {
    "wait": (
        "Has everybody answered who was asked?",
        "No identity provider and no API connector is being asked at the moment; until it answers, nothing is decided.",
    ),
    "sign_up_begins": (
        "Is a way to sign up chosen?",
        "Only where somebody without an account signs up: the user flow is open, and an address or a provider was chosen.",
    ),
    "identify": (
        "Is it known who signs in?",
        "The address was typed, hinted (`login_hint`), picked, or comes with the invitation.",
    ),
    "first_factor": (
        "Is the first factor proven, recently enough?",
        "Guests: a code by mail or their account elsewhere, at most 24 hours old. Members: the password. `prompt=login` and `max_age` ask for newer proofs.",
    ),
    "refusal": (
        "Do directory and policy allow it?",
        "A user of this tenant, not blocked or deleted, the invited account, a domain that is not refused. Said only after the proof.",
    ),
    "redeem": ("Is the invitation accepted?", "A pending guest reviews permissions and accepts or not."),
    "sign_up": (
        "Does the guest exist?",
        "Only in a sign-up: connectors passed, permissions reviewed, details given, approved where that is asked for; then the guest is made.",
    ),
    "second_factor": (
        "Is the second factor proven?",
        "With security defaults on, everybody shows a code of the authenticator app; who has none sets one up first.",
    ),
    "new_password": (
        "Is the password the person's own?",
        "A member whose password was set by an administrator (`forceChangePasswordNextSignIn`) replaces it now.",
    ),
    "consent": (
        "Is everything agreed to that the app asks for?",
        "Permissions that the person or an administrator has not granted, or `prompt=consent`.",
    ),
    "stay": ("Is *Stay signed in?* answered?", "Members only, never when `prompt=none`."),
}


ENDINGS = (Step.SIGN_UP_CLOSED, Step.PENDING, Step.DENIED, Step.BLOCKED, Step.SIGN_UP_FAILED)
"""Pages that lead no further."""


def sign_in_page() -> str:
    """The order of checks and the pages each can show, from ``CHECKS``."""
    lines = ["# Steps of a sign-in", "", NOTE, ""]
    lines += [
        "After every posted form the server asks the checks below in this order, anew, with everything that is known by then.",
        "The first one that is not satisfied decides the page; when all are satisfied, the answer goes to the app. No page",
        "names the next one. [How sign-in works](../explanation/sign-in.md) tells why.",
        "",
        "```mermaid",
        "flowchart TD",
        '  start(["request of an app, or an invitation link"]) --> ' + _check_name(CHECKS[0]),
    ]
    names = [_check_name(check) for check in CHECKS]
    for name, following, check in zip(names, [*names[1:], "done"], CHECKS, strict=True):
        lines.append(f'  {name}{{"{CHECK_WORDS[name][0]}"}} -- yes --> {following}')
        for step in _steps(check):
            lines.append(f'  {name} -- no --> {_node(step)}["{step.value}"]')
    for step in (step for step in Step if step not in ENDINGS):
        again = "another account" if step is Step.REFUSED else "form posted"
        lines.append(f"  {_node(step)} -. {again} .-> {names[0]}")
    lines += ['  done(["answer to the app, or the redirect URL of the invitation"])', "```", ""]
    lines += ["| Check | Pages | What satisfies it | `prompt=none` answers |", "|---|---|---|---|"]
    for check, name in zip(CHECKS, names, strict=True):
        pages = ", ".join(f"`{step.value}`" for step in _steps(check))
        lines.append(f"| {name.replace('_', ' ')} | {pages} | {CHECK_WORDS[name][1]} | {_silent(check)} |")
    unused = set(Step) - {step for check in CHECKS for step in _steps(check)}
    assert not unused, f"steps no check leads to: {unused}"
    return "\n".join([*lines, ""])


def _check_name(check: Callable[..., object]) -> str:
    return check.__name__.strip("_")


def _steps(check: Callable[..., object]) -> list[Step]:
    source = inspect.getsource(check)
    # A check may leave the choice of the page to a function of its module.
    parts = [inspect.getmodule(check).__dict__.get(name) for name in re.findall(r"\b(_\w+)\(", source)]
    sources = [
        source,
        *(inspect.getsource(part) for part in parts if inspect.isfunction(part) and part is not check),
    ]
    found = re.findall(r"Step\.([A-Z_]+)", "\n".join(sources))
    return list(dict.fromkeys(Step[name] for name in found))


def _node(step: Step) -> str:
    return f"page_{step.name.lower()}"


SILENT_WORDS = {
    "LoginRequired": "`login_required`",
    "InteractionRequired": "`interaction_required`",
    "PasscodesOff": "`access_denied`",
    "SecondFactorRequired": "`interaction_required`",
    "demands.refusal": "the refusal's own code",
    "demands.consent_error": "`consent_required`",
}


def _silent(check: Callable[..., object]) -> str:
    if _check_name(check) == "stay":
        return "not asked"
    source = inspect.getsource(check)
    return " or ".join(
        dict.fromkeys(
            words for name, words in SILENT_WORDS.items() if re.search(rf"{re.escape(name)}\b[(,)]", source)
        )
    )


EVENT_WORDS = {
    "INVITE_EXTERNAL_USER": "Somebody from outside was invited; details hold invitation id and invited address",
    "INVITE_WITH_RESET": "An invitation that starts the redemption over (portal: Reset redemption status)",
    "INVITE_INTERNAL_USER": "An existing internal user was invited to sign in with an outside address",
    "INVITATION_EMAIL": "The invitation mail was handed to the outbox",
    "REDEEM_INVITE": "The guest accepted",
    "DELETE_EXTERNAL_USER": "Reserved for guests who leave by themselves; not written yet",
    "ADD_USER": "A user object was made: member, or guest by invitation or sign-up (the details then name user flow and provider)",
    "ADD_SPONSOR": "A sponsor was set",
    "UPDATE_USER": "Properties changed, old and new values beside each other",
    "DELETE_USER": "Moved to the deleted users, for 30 days",
    "HARD_DELETE_USER": "Deleted for good",
    "RESTORE_USER": "Brought back from the deleted users",
    "DISABLE_ACCOUNT": "Sign-in blocked",
    "ENABLE_ACCOUNT": "Sign-in allowed again",
    "CHANGE_PASSWORD": "A member replaced the password that an administrator had set",
    "REVOKE_SESSIONS": "All sessions and older tokens of the user ended",
    "END_SESSION": "One session of the user ended, with the tokens that came from it",
    "REVOKE_REFRESH_TOKENS": "The refresh tokens that one app held from one sign-in of the user ended",
    "TELL_APP_OF_SIGN_OUT": "An app was sent a logout token, or could not be (no actor: by this server)",
    "REGISTERED_SECURITY_INFO": "An authenticator app was set up and proven",
    "DELETED_SECURITY_INFO": "The user removed an authenticator app",
    "ADMIN_DELETED_SECURITY_INFO": "An administrator reset the authenticator app (or set a new password)",
    "ADD_GROUP": "Group made",
    "UPDATE_GROUP": "Properties of a group changed",
    "DELETE_GROUP": "Group deleted for good",
    "ADD_GROUP_MEMBER": "A user, group or app became a member of a group",
    "REMOVE_GROUP_MEMBER": "A member was taken out of a group",
    "ADD_GROUP_OWNER": "A user or app became an owner of a group",
    "REMOVE_GROUP_OWNER": "An owner was taken away from a group",
    "ASSIGN_APP_ROLE_TO_GROUP": "A group was assigned to an app",
    "REMOVE_APP_ROLE_FROM_GROUP": "An assignment of a group was removed",
    "ADD_APPLICATION": "App registration made",
    "UPDATE_APPLICATION": "App registration changed, also redirect URIs, scopes and roles",
    "DELETE_APPLICATION": "App registration deleted",
    "RESTORE_APPLICATION": "A deleted app registration was restored, with its enterprise app",
    "HARD_DELETE_APPLICATION": "A deleted app registration was removed for good",
    "ADD_APPLICATION_OWNER": "A person became an owner of an app",
    "REMOVE_APPLICATION_OWNER": "A person is no owner of an app any more",
    "ADD_PRINCIPAL_OWNER": "A person or an app became an owner of an enterprise app",
    "REMOVE_PRINCIPAL_OWNER": "An owner was taken away from an enterprise app",
    "ADD_SERVICE_PRINCIPAL": "The app appeared in this tenant",
    "UPDATE_SERVICE_PRINCIPAL_CREDENTIALS": "A token signing certificate of an app was made or removed",
    "UPDATE_CREDENTIALS": "A secret or certificate was added or removed; never its value",
    "ASSIGN_APP_ROLE": "A user got an app",
    "REMOVE_APP_ROLE": "A user lost an app",
    "GRANT_APP_PERMISSION": "An application permission was granted for the organisation",
    "GRANT_DELEGATED": "A delegated permission was granted",
    "UPDATE_DELEGATED": "The permissions of a delegated grant were changed, or one was taken back",
    "REMOVE_DELEGATED": "A delegated permission grant was taken back",
    "REMOVE_APP_PERMISSION": "An application permission was taken back",
    "REMOVE_SERVICE_PRINCIPAL": "An app of another organisation was removed from this one",
    "REQUEST_CONSENT": "Somebody asked an administrator to agree to an app",
    "DECIDE_CONSENT_REQUEST": "A request for admin consent was approved, denied or blocked",
    "CONSENT_TO_APPLICATION": "Somebody agreed to an app's permissions",
    "UPDATE_AUTHORIZATION_POLICY": "Guest access, guest invite settings",
    "UPDATE_POLICY": "Domain lists, e-mail one-time passcode, security defaults, the switch of self-service sign-up",
    "UPDATE_COMPANY": "Name, privacy statement, contacts of the organisation",
    "CREATE_TENANT": "The tenant was opened",
    "ROTATE_SIGNING_KEY": "The operator rotated the token signing key early (`xenia keys rotate`); kept with the platform",
    "ADD_ROLE_MEMBER": "A directory role was given",
    "REMOVE_ROLE_MEMBER": "A directory role was taken",
    "APPROVE_SIGN_UP": "A sign-up request was approved; the guest was made with it",
    "DENY_SIGN_UP": "A sign-up request was denied; the reason stands in the details",
    "CREATE_IDENTITY_PROVIDER": "A provider was entered; its secret reads `******`",
    "UPDATE_IDENTITY_PROVIDER": "A provider changed, or its client secret; never its value",
    "DELETE_IDENTITY_PROVIDER": "A provider was removed",
    "CREATE_USER_FLOW": "A user flow was made",
    "UPDATE_USER_FLOW": "A user flow changed: providers, attributes, layout, connectors, applications, texts",
    "DELETE_USER_FLOW": "A user flow was deleted",
    "CREATE_USER_ATTRIBUTE": "A custom user attribute was defined",
    "UPDATE_USER_ATTRIBUTE": "The description of a custom user attribute changed",
    "DELETE_USER_ATTRIBUTE": "A custom user attribute was deleted",
    "CREATE_API_CONNECTOR": "An API connector was entered; its password reads `******`",
    "UPDATE_API_CONNECTOR": "An API connector changed, or its password or certificates; never their keys",
    "DELETE_API_CONNECTOR": "An API connector was deleted",
}


def audit_page() -> str:
    """The activities of the audit log, from ``core.audit``."""
    lines = ["# Audit events", "", NOTE, ""]
    lines += [
        "Each record is written in the transaction of what it describes: either both exist or neither. It names who did it",
        "(user or app), from which address, to which objects, what changed, and the correlation id of the request. Records are",
        "read in the portal under *Audit logs*, and by programs at `GET /v1.0/auditLogs/directoryAudits`",
        "([Graph API](graph.md)); sign-ins at `GET /v1.0/auditLogs/signIns`.",
        "",
        "| Activity | Service | Category | Operation | When |",
        "|---|---|---|---|---|",
    ]
    for name, value in vars(audit).items():
        if isinstance(value, audit.Activity):
            cells = (value.name, value.service, value.category, value.operation, EVENT_WORDS[name])
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "sign-in-steps.md": sign_in_page,
    "audit-events.md": audit_page,
    "settings.md": reference_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        print(f"wrote docs/reference/{name}")
