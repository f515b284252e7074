"""Behaviours that can't be seen from outside of the process that serves."""

from __future__ import annotations

_CONSTRUCTION = "An app that cannot be made is never served."
_CONTEXT = "The context that served a request is in the process of the server."
_LISTENER = "What a listener has seen stays in the process of the server."
_REVOCATIONS = "Revocations are those of another process."
_TEST = "A test signs users in within its own process."
_VERIFIER = "A Verifier belongs to the process that has made it."

INSIDE: dict[str, str] = {
    "a_listener_that_raises_changes_no_response": _LISTENER,
    "a_password_found_at_construction_is_in_no_variable": _CONSTRUCTION,
    "a_report_has_the_status_that_on_error_chose": _LISTENER,
    "a_request_that_waits_for_keys_delays_no_other": _VERIFIER,
    "a_revoked_token_is_refused": _REVOCATIONS,
    "a_test_lets_requests_be_refused": _TEST,
    "a_test_signs_a_user_in_without_a_token": _TEST,
    "a_test_signs_its_user_out_again": _TEST,
    "a_token_counts_more_than_the_user_of_a_test": _TEST,
    "a_verifier_may_be_shared": _VERIFIER,
    "a_wrong_setting_is_found_at_construction": _CONSTRUCTION,
    "an_unknown_keyword_is_found_at_construction": _CONSTRUCTION,
    "each_admission_is_reported_with_the_auth": _LISTENER,
    "each_refusal_is_one_line_in_the_log": _LISTENER,
    "each_refusal_is_reported_once": _LISTENER,
    "exempt_paths_and_preflight_requests_stay_without_the_user_of_a_test": _TEST,
    "if_it_is_unknown_which_tokens_are_revoked_none_is_accepted": _REVOCATIONS,
    "no_key_is_fetched_for_the_user_of_a_test": _TEST,
    "nothing_is_left_after_a_crash": _CONTEXT,
    "nothing_is_left_after_a_refusal_by_policy": _CONTEXT,
    "nothing_is_left_after_a_refused_request": _CONTEXT,
    "nothing_is_left_after_a_request_that_passes": _CONTEXT,
    "nothing_is_left_after_a_request_without_a_user": _CONTEXT,
    "nothing_is_left_after_a_stream": _CONTEXT,
    "nothing_that_a_client_sends_is_reported": _LISTENER,
    "on_error_is_not_called_for_errors_of_the_application": _LISTENER,
    "on_error_is_not_called_for_requests_that_pass": _LISTENER,
    "on_error_may_take_the_request": _LISTENER,
    "on_error_sees_every_kind_of_refusal": _LISTENER,
    "on_error_sees_which_condition_refused": _LISTENER,
    "the_environment_may_name_the_issuer": "The environment is that of another process.",
    "the_refusal_of_a_user_knows_the_auth": _LISTENER,
    "the_refusal_of_a_view_knows_the_auth": _LISTENER,
    "the_user_of_a_test_has_to_meet_the_policy": _TEST,
}
"""By name: the reason."""
