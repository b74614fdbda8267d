"""Refresh tokens as a state machine over clients, kinds of clients, tenants and people: a model foretells every answer.

``tests/oidc/test_refresh_families.py`` follows one client closely, races included; here the walls are tried:
whoever presents whose token where, what ends it and what does not, and whether access ever grows beyond consent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.protocol import (
    NATIVE,
    SECRET,
    Protocol,
    body_of,
    claims_of,
    other_app,
    protocol,
)
from tests.support.renewing import OIDC, as_, may_stay, signed_in
from xenia.core.actor import system_actor
from xenia.core.directory.application import Audience, ClientSecret, Platform, RedirectUri, ServicePrincipal
from xenia.core.directory.user import User
from xenia.core.refresh_token import REFRESH_IDLE, RETRY_GRACE, SPA_REFRESH
from xenia.core.session import Session, SessionAccount
from xenia.ports import Transaction
from xenia.usecases.sessions.ending_sign_ins import end_sign_in
from xenia.usecases.sessions.sign_out import sign_out
from xenia.usecases.sign_in.situation import session_hash
from xenia.usecases.tenants.manage_tenant import NewTenant, create_tenant
from xenia.usecases.tokens.authenticate_client import client_secret_hash
from xenia.usecases.tokens.refresh_tokens import family_of_refresh_token
from xenia.usecases.users.manage_users import UserChange, change_user, set_password
from xenia.usecases.users.user_security import revoke_sessions

INVALID, EXPIRED, SPA_EXPIRED, REVOKED, TOO_OLD = [70000], [700082], [700084], [50173], [70043]
NO_CONSENT, NO_RESOURCE = [65001], [500011]
A_DAY = timedelta(hours=24)
"""So long a code by mail counts; a password does until it is changed."""
API = ("access_as_user", "Orders.Read")
PEOPLE, NUMBER = st.integers(0, 2), st.integers(0, 9)
ASKED = st.none() | st.sampled_from(["openid profile", *API, " ".join(API), ".default", "User.Read"])


@dataclass(frozen=True)
class Door:
    """A client of one kind at one tenant."""

    idp: Protocol
    platform: Platform
    has_api: bool = False

    @property
    def client(self) -> dict[str, str | None]:
        """How it proves itself."""
        return {"client_id": self.idp.app.app_id, **as_(self.platform)}


@dataclass
class Person:
    """A fresh user of a tenant, and what they agreed to at the API."""

    user: User
    is_guest: bool
    is_blocked: bool = False
    agreed: set[str] = field(default_factory=set)


@dataclass
class Family:
    """All tokens of one sign-in, as the model sees them."""

    door: Door
    person: Person
    sid: str
    scopes: tuple[str, ...]
    began_at: datetime
    tokens: list[Token] = field(default_factory=list)
    is_revoked: bool = False


@dataclass(eq=False)
class Token:
    """One refresh token."""

    family: Family
    text: str
    issued_at: datetime
    used_at: datetime | None = None


class Walls(RuleBasedStateMachine):
    """People of two tenants, clients of three kinds, and everybody's tokens in everybody's hands."""

    doors: ClassVar[list[Door]]
    number: ClassVar[int] = 0

    @initialize(api=st.lists(st.sets(st.sampled_from(API)), min_size=5, max_size=5))
    def start(self, api: list[set[str]]) -> None:
        """Everybody is signed in to something, so that each story begins with tokens to play with."""
        self.families: list[Family] = []
        self.people = [self._person(door, guest) for door, guest in ((0, False), (0, True), (3, False))]
        for number, (person, door) in enumerate(((0, 0), (0, 1), (0, 2), (1, 0), (2, 0))):
            self.sign_in(person, door, api[number])

    @rule(person=PEOPLE, door=st.integers(0, 2), api=st.sets(st.sampled_from(API)))
    def sign_in(self, person: int, door: int, api: set[str]) -> None:
        somebody = self.people[person]
        own = [known for known in self.doors if known.idp.tenant_id == somebody.user.tenant_id]
        entered = own[door % len(own)]
        if somebody.is_blocked:
            return
        scopes = OIDC
        if entered.has_api:
            self._agree(entered, somebody, somebody.agreed | api)
            scopes = (*OIDC, *(self._named(entered, value) for value in sorted(api)))
        sid = entered.idp.server.ports.entropy.guid()
        answer = signed_in(entered.idp, entered.platform, user=somebody.user, scopes=scopes, sid=sid)
        family = Family(entered, somebody, sid, scopes, self._now())
        self.families.append(family)
        self._issued(family, answer)

    @rule(number=NUMBER, asked=ASKED)
    def renew(self, number: int, asked: str | None) -> None:
        """As the app does: the newest token it has."""
        self._use(self._family(number).tokens[-1], asked)

    @rule(number=NUMBER, older=st.integers(2, 5))
    def replay(self, number: int, older: int) -> None:
        """As a thief does, or an app that lost the answer: one from before."""
        tokens = self._family(number).tokens
        self._use(tokens[-min(older, len(tokens))], None)

    @rule(number=NUMBER)
    def replay_late(self, number: int) -> None:
        """The thief who was not quick enough: this family ends, and exactly this one."""
        family = self._family(number)
        self._use(family.tokens[-1], None)
        family.door.idp.server.clock.advance(RETRY_GRACE)
        self._use(family.tokens[0], None)

    @rule(number=NUMBER)
    def renew_for_a_day(self, number: int) -> None:
        """No use lengthens the day of a page, nor that of a code by mail."""
        family = self._family(number)
        for _ in range(3):
            self._use(family.tokens[-1], "openid profile")
            family.door.idp.server.clock.advance(A_DAY / 3)
        self._use(family.tokens[-1], "openid profile")

    def _use(self, token: Token, asked: str | None) -> None:
        family = token.family
        scope = asked
        if asked and asked not in ("openid profile", "User.Read"):
            scope = " ".join(self._named(family.door, value) for value in asked.split())
        answer = body_of(family.door.idp.refresh(token.text, scope=scope, **family.door.client))
        expected = self._foretold(token) or self._consent(family, asked)
        assert answer.get("error_codes") == expected, (asked, expected, answer)
        if expected is not None:
            family.is_revoked = family.is_revoked or expected == INVALID
            return
        self._never_more_than_agreed(family, answer, scope)
        if token.used_at is None:
            for sibling in family.tokens:
                sibling.used_at = sibling.used_at or self._now()
        self._issued(family, answer)

    @rule(number=NUMBER, first=st.booleans(), door=st.integers(0, 3), home=st.booleans())
    def present_elsewhere(self, number: int, first: bool, door: int, home: bool) -> None:
        """Another client, tenant or kind of client gets nothing; that nothing ended shows at the next use."""
        thief, token = self.doors[door], self._family(number).tokens[0 if first else -1]
        segment = token.family.door.idp.tenant_id if home else thief.idp.tenant_id
        if thief.client == token.family.door.client and segment == token.family.door.idp.tenant_id:
            return
        answer = body_of(thief.idp.refresh(token.text, segment=segment, **thief.client))
        assert "access_token" not in answer
        same_app = thief.idp.app.app_id == token.family.door.idp.app.app_id
        if not same_app and segment == thief.idp.tenant_id:
            assert answer["error_codes"] == INVALID
        assert answer["error_codes"][0] in (70000, 700016, 700025, 7000218, 9002326, 9002327), answer

    @rule(person=st.integers(0, 1), kept=st.sets(st.sampled_from(API)))
    def withdraw(self, person: int, kept: set[str]) -> None:
        """Consent shrinks, without the use case that would end the families with it."""
        self._agree(self.doors[0], self.people[person], self.people[person].agreed & kept)

    @rule(number=PEOPLE, how=st.sampled_from(["revoked", "new password", "blocked"]))
    def end_all_of_somebody(self, number: int, how: str) -> None:
        """Three ways to end all of a person's tokens; being blocked and let in again brings none back."""
        person = self.people[number]
        idp = self._home(person)
        ports, operator = idp.server.ports, system_actor(idp.tenant_id, idp.server.ports.entropy.guid())
        if how == "revoked" or person.is_guest:
            revoke_sessions(ports, operator, person.user.id)
        elif how == "new password":
            set_password(ports, operator, person.user.id, "New-Horse-Battery-77")
        else:
            person.is_blocked = not person.is_blocked
            change = UserChange(properties={"account_enabled": not person.is_blocked})
            change_user(ports, operator, person.user.id, change)
            if not person.is_blocked:
                return
        for family in self.families:
            family.is_revoked = family.is_revoked or family.person is person
        # Sign-ins of the same instant would count as later ones.
        idp.server.clock.advance(timedelta(seconds=1))

    @rule(number=NUMBER, everywhere=st.booleans())
    def sign_out(self, number: int, everywhere: bool) -> None:
        """Out of the browser alone, tokens go on (as documented: they end by themselves).

        Ended from *My Account* or by an administrator, the tokens of this sign-in go, and of no other.
        """
        family, now = self._family(number), self._now()
        idp = family.door.idp
        ports, user_id = idp.server.ports, family.person.user.id
        self._session(idp, family)
        if everywhere:
            assert idp.write(lambda tx: end_sign_in(ports, tx, user_id, family.sid, now))
            family.is_revoked = True
        else:
            sign_out(ports, idp.server.tenant, "browser", user_id, now)

    @rule(wait=st.sampled_from([1, 29, 30, 3600, 86_399, 86_400, 86_400 * 30, 86_400 * 90]))
    def wait(self, wait: int) -> None:
        self.doors[0].idp.server.clock.advance(timedelta(seconds=wait))

    @invariant()
    def exactly_what_the_model_revoked_is_revoked(self) -> None:
        for family in getattr(self, "families", ()):
            idp = family.door.idp
            number = family_of_refresh_token(idp.server.ports, family.tokens[0].text) or ""
            stored = idp.read(lambda tx, number=number: tx.sign_ins.find_family(number))
            assert (stored.revoked_at is not None) == family.is_revoked

    @invariant()
    def one_living_branch(self) -> None:
        """Tokens that would still be taken are one, or answers that were repeated within one grace."""
        for family in getattr(self, "families", ()):
            living = [token.issued_at for token in family.tokens if token.used_at is None]
            assert len(living) <= 1 or max(living) - min(living) < RETRY_GRACE

    def _family(self, number: int) -> Family:
        """Mostly a living one; the last numbers are for all, or nobody would try what has ended."""
        living = [family for family in self.families if not family.is_revoked and number < 8]
        among = living or self.families
        return among[number % len(among)]

    def _now(self) -> datetime:
        return self.doors[0].idp.server.clock.now()

    def _person(self, door: int, is_guest: bool) -> Person:
        idp = self.doors[door].idp
        Walls.number += 1
        name = f"person{Walls.number}"
        upn = f"{name}@{idp.server.tenant.initial_domain}"
        template = idp.guest if is_guest else idp.server.admin
        issuer = "mail" if is_guest else idp.server.tenant.initial_domain
        identity = replace(template.identities[-1 if is_guest else 0], issuer=issuer, subject=upn)
        user = replace(
            template,
            id=idp.server.ports.entropy.guid(),
            tenant_id=idp.tenant_id,
            user_principal_name=upn,
            display_name=name,
            mail=f"{name}@nordwind.example" if is_guest else None,
            identities=(identity,),
            sessions_valid_from=None,
        )
        idp.write(lambda tx: tx.users.add(user))
        return Person(user, is_guest)

    def _home(self, person: Person) -> Protocol:
        return next(door.idp for door in self.doors if door.idp.tenant_id == person.user.tenant_id)

    @staticmethod
    def _named(door: Door, value: str) -> str:
        return f"api://{door.idp.api.app_id}/{value}"

    @staticmethod
    def _agree(door: Door, person: Person, scopes: set[str]) -> None:
        door.idp.grant(door.idp.api.app_id, *sorted(scopes), user=person.user)
        person.agreed = set(scopes)

    def _session(self, idp: Protocol, family: Family) -> None:
        now, user = self._now(), family.person.user
        account = SessionAccount(user.id, user.user_principal_name, user.display_name, family.sid, (), now)
        secret = session_hash(idp.server.ports, "browser")
        session = Session(secret, idp.tenant_id, now, now + A_DAY, (account,))
        idp.write(lambda tx: tx.sign_ins.put_session(session))

    def _issued(self, family: Family, answer: dict[str, Any]) -> Token:
        token = Token(family, answer["refresh_token"], self._now())
        family.tokens.append(token)
        return token

    def _foretold(self, token: Token) -> list[int] | None:
        now, family = self._now(), token.family
        if family.is_revoked:
            return REVOKED
        if token.used_at is not None and now - token.used_at >= RETRY_GRACE:
            return INVALID
        if family.door.platform is Platform.SPA:
            if now >= family.began_at + SPA_REFRESH:
                return SPA_EXPIRED
        elif now >= token.issued_at + REFRESH_IDLE:
            return EXPIRED
        return TOO_OLD if family.person.is_guest and now - family.began_at >= A_DAY else None

    def _consent(self, family: Family, asked: str | None) -> list[int] | None:
        if asked == "openid profile":
            return None
        if asked == "User.Read":
            return NO_CONSENT
        wanted = (
            set(asked.split()) if asked else {value.rpartition("/")[2] for value in family.scopes} & set(API)
        )
        agreed = family.person.agreed if family.door.has_api else set()
        if wanted and family.door is self.doors[3]:
            return NO_RESOURCE
        if wanted == {".default"}:
            return None if agreed else NO_CONSENT
        return None if wanted <= agreed else NO_CONSENT

    @staticmethod
    def _never_more_than_agreed(family: Family, answer: dict[str, Any], scope: str | None) -> None:
        claims = claims_of(answer["access_token"])
        held = set(claims["scp"].split())
        if "api://" in (scope or " ".join(family.scopes)):
            assert held == family.person.agreed
            assert claims["aud"] == family.door.idp.api.app_id
        else:
            assert held == {"openid", "profile"}
        assert (claims["oid"], claims["tid"]) == (family.person.user.id, family.door.idp.tenant_id)
        assert claims.get("azp", claims.get("appid")) == family.door.idp.app.app_id


@pytest.fixture(scope="module", autouse=True)
def _doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One server for all examples, whose people are fresh each time: starting one costs more than a whole example."""
    with protocol(Path(tmp_path_factory.mktemp("machine"))) as made:
        idp = may_stay(made)
        _lasting_secret(idp)
        shared = other_app(
            idp, redirect_uris=(RedirectUri(NATIVE, Platform.PUBLIC),), audience=Audience.MULTIPLE
        )
        fabrikam = create_tenant(idp.server.ports, None, NewTenant("Fabrikam", "fabrikam"))
        here = replace(idp, server=replace(idp.server, app=shared))
        there = replace(idp, server=replace(idp.server, app=shared, tenant=fabrikam))
        principal = ServicePrincipal(
            idp.server.ports.entropy.guid(),
            fabrikam.id,
            shared.app_id,
            "Shared",
            idp.tenant_id,
            idp.server.clock.now(),
        )
        there.write(lambda tx: tx.applications.add_service_principal(principal))
        may_stay(here)
        may_stay(there)
        Walls.doors = [
            Door(idp, Platform.WEB, has_api=True),
            Door(idp, Platform.SPA, has_api=True),
            Door(here, Platform.PUBLIC),
            Door(there, Platform.PUBLIC),
        ]
        yield


def _lasting_secret(idp: Protocol) -> None:
    """The clock goes on from example to example, for years."""
    ports, now = idp.server.ports, idp.server.clock.now()
    secret = ClientSecret(
        key_id=ports.entropy.guid(),
        application_id=idp.app.id,
        display_name="Lasting",
        hint=SECRET[:3],
        secret_hash=client_secret_hash(ports, idp.app.id, SECRET),
        starts_at=now,
        ends_at=now + timedelta(days=365 * 1000),
    )

    def work(tx: Transaction) -> None:
        for old in tx.applications.secrets(idp.app.id):
            tx.applications.remove_secret(idp.app.id, old.key_id)
        tx.applications.add_secret(secret)

    idp.write(work)


TestWalls = Walls.TestCase
TestWalls.settings = settings(
    max_examples=settings.default.max_examples // 4,  # type: ignore[attr-defined]  # of the profile
    stateful_step_count=30,
    phases=(
        Phase.reuse,
        Phase.generate,
    ),  # a story of thirty steps takes minutes to shrink, and reads well as it is
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
