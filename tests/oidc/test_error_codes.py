"""Refusals that no other test of the protocol provokes, and the registry of those that provoke all others."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.protocol import Protocol, body_of
from xenia.core.aadsts import meanings
from xenia.oidc.error_reference import NOT_MET

TESTS = Path(__file__).parents[1]
PROVOKED: dict[int, str] = {
    16000: "ui/signin/test_sign_in.py::test_select_account_shows_both_people_of_one_browser",
    28000: "oidc/test_authorization_code.py::test_the_resource_may_be_named_at_redemption_but_only_one",
    40008: "federation/test_other_tenant.py::test_a_guest_of_the_other_tenant_is_not_its_own",
    40009: "federation/test_attacks.py::test_a_removed_provider_lets_nobody_back_in",
    40010: "federation/test_providers.py::test_a_provider_that_lies_or_fails_proves_nothing",
    40015: "federation/test_providers.py::test_a_provider_that_lies_or_fails_proves_nothing",
    50011: "oidc/test_aliases.py::test_silent_requests_learn_that_nobody_is_signed_in",
    50012: "oidc/test_client_assertion.py::test_refusals",
    50013: "oidc/test_aliases.py::test_what_is_presented_names_the_tenant_and_nothing_else_does",
    50014: "ui/signin/test_redemption.py::test_a_forged_ticket_another_tenants_link_and_garbage_look_the_same",
    50020: "federation/test_other_tenant.py::test_a_stranger_of_the_other_tenant_is_no_guest",
    50027: "oidc/test_client_assertion.py::test_refusals",
    50034: "oidc/test_on_behalf_of.py::test_what_changed_since_the_call_counts",
    50049: "oidc/test_discovery.py::test_instance_discovery_refuses_other_hosts",
    50053: "oidc/test_on_postgresql.py::test_single_use_revocation_limits_and_log",
    50055: "oidc/test_password_grant.py::test_where_a_page_would_ask_for_more_the_app_is_told",
    50057: "oidc/test_device_code.py::test_what_changed_since_the_approval_counts",
    50058: "oidc/test_aliases.py::test_silent_requests_learn_that_nobody_is_signed_in",
    50059: "oidc/test_aliases.py::test_what_is_presented_names_the_tenant_and_nothing_else_does",
    50076: "oidc/test_device_code.py::test_what_changed_since_the_approval_counts",
    50089: "ui/signin/test_redemption.py::test_another_browser_cannot_take_over_an_interaction",
    50105: "oidc/test_device_code.py::test_what_changed_since_the_approval_counts",
    50107: "federation/test_attacks.py::test_a_provider_cannot_have_the_code_of_another",
    50126: "oidc/test_password_grant.py::test_strangers_guests_and_wrong_passwords_are_told_the_same",
    50146: "oidc/test_claims_mapping.py::test_without_own_key_or_the_owners_agreement_there_is_no_token",
    50149: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    50173: "oidc/test_device_code.py::test_a_second_redemption_ends_what_the_first_had_issued",
    50194: "oidc/test_aliases.py::test_consumers_and_single_tenant_apps_are_refused",
    50196: "oidc/test_device_code.py::test_polling_too_fast_is_refused_even_when_approved",
    54005: "oidc/test_authorization_code.py::test_a_second_use_revokes_what_the_first_one_issued",
    65001: "oidc/test_authorization_code.py::test_consent_of_somebody_else_does_not_count",
    65004: "oidc/test_device_code.py::test_declined_at_once_or_on_the_consent_page",
    70000: "oidc/test_aliases.py::test_what_is_presented_names_the_tenant_and_nothing_else_does",
    70003: "oidc/test_client_credentials.py::test_refusals",
    70005: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    70007: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    70008: "oidc/test_authorization_code.py::test_a_code_is_bound_to_client_redirect_uri_tenant_and_time",
    70011: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    70016: "oidc/test_aliases.py::test_a_device_at_an_alias_is_the_home_tenants_of_whoever_approves",
    70018: "oidc/test_aliases.py::test_a_device_at_an_alias_is_the_home_tenants_of_whoever_approves",
    70019: "oidc/test_device_code.py::test_a_code_runs_out_for_the_device_and_for_its_person",
    70020: "oidc/test_device_code.py::test_a_code_runs_out_for_the_device_and_for_its_person",
    70021: "oidc/test_workload_identity.py::test_nobody_is_asked_for_keys_unless_the_app_trusts_them",
    70043: "oidc/test_refresh_token.py::test_what_was_proven_by_mail_lasts_a_day",
    90002: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    90015: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    90023: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    90033: "oidc/test_error_codes.py::test_a_failure_of_ours_tells_nothing_of_itself",
    90061: "oidc/test_workload_identity.py::test_a_document_that_cannot_be_right_proves_nothing",
    90094: "ui/signin/test_sign_in.py::test_what_only_an_administrator_may_agree_to_is_told_silently",
    90102: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    90119: "oidc/test_device_code.py::test_a_code_may_be_typed_as_people_type",
    90120: "oidc/test_device_code.py::test_declined_at_once_or_on_the_consent_page",
    240002: "oidc/test_on_behalf_of.py::test_an_id_token_is_no_call",
    500011: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    500112: "oidc/test_authorization_code.py::test_a_code_is_bound_to_client_redirect_uri_tenant_and_time",
    500131: "oidc/test_on_behalf_of.py::test_only_the_audience_may_trade_it",
    500133: "oidc/test_on_behalf_of.py::test_a_token_past_its_time_is_no_call",
    500207: "ui/signin/test_sign_up.py::test_an_address_with_another_way_in_is_never_joined",
    500208: "federation/test_sign_up.py::test_the_provider_must_still_be_offered_when_the_person_comes_back",
    500213: "ui/signin/test_redemption.py::test_a_domain_refused_by_now_stops_a_pending_guest_even_in_mid_flow",
    90095: "ui/signin/test_consent.py::test_a_silent_request_learns_that_approval_can_be_asked_for",
    500571: "oidc/test_on_behalf_of.py::test_what_changed_since_the_call_counts",
    501051: "oidc/test_client_credentials.py::test_a_resource_that_requires_assignment_refuses_apps_without_one",
    501461: "oidc/test_claims_mapping.py::test_under_the_common_key_the_audience_is_the_tenants_own",
    501481: "oidc/test_authorization_code.py::test_a_wrong_verifier_leaves_the_code_unspent_until_too_many",
    501491: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    700005: "oidc/test_aliases.py::test_what_is_presented_names_the_tenant_and_nothing_else_does",
    700016: "oidc/test_aliases.py::test_what_is_presented_names_the_tenant_and_nothing_else_does",
    700021: "oidc/test_client_assertion.py::test_refusals",
    700024: "oidc/test_client_assertion.py::test_refusals",
    700025: "oidc/test_authorization_code.py::test_the_kind_of_redirect_uri_decides_who_may_redeem",
    700027: "oidc/test_client_assertion.py::test_refusals",
    700038: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    700051: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    700054: "oidc/test_authorize.py::test_id_tokens_from_here_are_off_until_switched_on",
    700082: "oidc/test_refresh_token.py::test_each_use_renews_the_ninety_days",
    700084: "oidc/test_refresh_token.py::test_a_single_page_application_has_a_day_that_no_use_lengthens",
    700211: "oidc/test_workload_identity.py::test_a_token_that_says_something_else_is_refused",
    700212: "oidc/test_workload_identity.py::test_a_token_that_says_something_else_is_refused",
    700213: "oidc/test_workload_identity.py::test_a_token_that_says_something_else_is_refused",
    700229: "oidc/test_workload_identity.py::test_another_tenant_of_this_server_is_an_issuer_without_a_call",
    900144: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    900561: "oidc/test_client_credentials.py::test_other_verbs_are_refused_in_the_endpoints_own_words",
    900971: "oidc/test_authorize.py::test_refusals_before_the_app_is_proven_are_pages",
    901002: "oidc/test_authorize.py::test_refusals_afterwards_go_to_the_app_with_its_state",
    5000819: "federation/test_sign_up.py::test_restricted_domains_need_a_mailbox_somebody_vouches_for",
    7000112: "oidc/test_authorize.py::test_a_disabled_application_is_refused",
    7000114: "oidc/test_on_behalf_of.py::test_an_app_is_nobody_to_act_for",
    7000215: "oidc/test_authorization_code.py::test_somebody_without_the_clients_secret_cannot_revoke_by_replaying",
    7000218: "oidc/test_authorization_code.py::test_somebody_without_the_clients_secret_cannot_revoke_by_replaying",
    7000222: "oidc/test_client_credentials.py::test_an_expired_secret_is_told_apart_from_a_wrong_one",
    9000411: "oidc/test_authorize.py::test_duplicates_are_refused_where_they_may_be_told",
    9001023: "oidc/test_password_grant.py::test_aliases",
    9002325: "oidc/test_authorization_code.py::test_the_kind_of_redirect_uri_decides_who_may_redeem",
    9002326: "oidc/test_authorization_code.py::test_the_kind_of_redirect_uri_decides_who_may_redeem",
    9002327: "oidc/test_authorization_code.py::test_the_kind_of_redirect_uri_decides_who_may_redeem",
    9002332: "oidc/test_aliases.py::test_consumers_and_single_tenant_apps_are_refused",
}


def test_a_failure_of_ours_tells_nothing_of_itself(idp: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise OSError("/var/lib/xenia/data.key: no such file")

    monkeypatch.setattr(type(idp.server.ports.keys), "sign", broken)
    response = idp.client_credentials()
    answer = body_of(response)
    assert (response.status, answer["error"], answer["error_codes"]) == (500, "server_error", [90033])
    assert "data.key" not in response.body.decode()


def test_every_published_number_has_a_test_that_provokes_it() -> None:
    """Whoever adds a refusal names here the test that meets it through a public seam."""
    assert set(PROVOKED) == set(meanings())


@pytest.mark.parametrize("path", sorted({test.partition("::")[0] for test in PROVOKED.values()}))
def test_the_tests_named_are_about_their_numbers(path: str) -> None:
    """Each exists, and it (or the list of cases it runs over) holds the number."""
    texts = dict(_tests(TESTS / path))
    for code, test in PROVOKED.items():
        named, _, name = test.partition("::")
        if named == path:
            text = texts.get(name, "")
            assert re.search(rf"(?<!\d)(?:AADSTS)?{code}(?!\d)", text), f"{test} says nothing of {code}"


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    """Names of the tests of a file, and their text with that of the constants it names."""
    source = path.read_text("utf-8")
    lines, body = source.splitlines(), ast.parse(source).body
    constants = {
        node.targets[0].id: "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in body:
        if isinstance(node, ast.FunctionDef):
            first = min(one.lineno for one in (node, *node.decorator_list))
            text = "\n".join(lines[first - 1 : node.end_lineno])
            cases = (constants.get(name, "") for name in set(re.findall(r"\b[A-Z][A-Z_]{2,}\b", text)))
            yield node.name, "\n".join((text, *cases))


def test_each_number_is_explained_and_no_other_is(idp: Protocol) -> None:
    for code, situations in meanings().items():
        page = html.unescape(idp.send("GET", "/error", {"code": str(code)}).body.decode())
        for error, meaning in situations:
            assert error in page, code
            assert " ".join(meaning.replace("``", "").split()) in " ".join(page.split()), code
    for code in NOT_MET:
        assert code not in meanings()
