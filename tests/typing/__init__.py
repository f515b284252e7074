"""User code that type checkers read; nothing here is run.

Every `type: ignore` is mypy and every `pyright: ignore` pyright refusing a mistake: both report one
that suppresses nothing.
"""
