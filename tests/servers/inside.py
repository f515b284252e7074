"""Behaviours that are not seen from outside of the process that serves."""

from __future__ import annotations

_CONSTRUCTION = "An app that cannot be made is never served."
_CONTEXT = "The context that served a request is in the process of the server."
_LISTENER = "What a listener has heard stays in the process of the server."
_VERIFIER = "A Verifier belongs to the process that has made it."

INSIDE: dict[str, str] = {
    "a_verifier_beside_its_own_settings_is_found_at_construction": _CONSTRUCTION,
    "a_verifier_may_be_shared": _VERIFIER,
    "a_wrong_setting_is_found_at_construction": _CONSTRUCTION,
    "an_unknown_keyword_is_found_at_construction": _CONSTRUCTION,
    "nothing_is_left_after_a_crash": _CONTEXT,
    "nothing_is_left_after_a_refusal_by_policy": _CONTEXT,
    "nothing_is_left_after_a_refused_request": _CONTEXT,
    "nothing_is_left_after_a_request_of_nobody": _CONTEXT,
    "nothing_is_left_after_a_stream": _CONTEXT,
    "nothing_is_left_after_an_admitted_request": _CONTEXT,
    "on_error_does_not_hear_of_errors_of_the_application": _LISTENER,
    "on_error_does_not_hear_of_requests_that_pass": _LISTENER,
    "on_error_hears_of_every_kind_of_refusal": _LISTENER,
    "on_error_hears_which_condition_refused": _LISTENER,
    "on_error_may_take_the_request": _LISTENER,
    "one_who_waits_for_keys_holds_up_nobody_else": _VERIFIER,
    "the_environment_may_name_the_issuer": "The environment is that of another process.",
    "the_list_of_bad_tokens_is_complete": "It asks nothing of a guard.",
}
"""By name, for all of its cases: the reason."""
