"""Names and texts of a model in C++."""

from __future__ import annotations

_WORDS = (
    "alignas alignof and and_eq asm bitand bitor catch class compl concept consteval constexpr constinit const_cast "
    "co_await co_return co_yield decltype delete dynamic_cast explicit export false friend mutable namespace new "
    "noexcept not not_eq nullptr operator or or_eq private protected public reinterpret_cast requires static_assert "
    "static_cast template this thread_local throw true try typeid typename using virtual wchar_t xor xor_eq char8_t "
    "char16_t char32_t"
)
KEYWORDS = frozenset(_WORDS.split())
"""What C++ keeps for itself beside the words of C."""


def cpp_string(text: str) -> str:
    """A name of the model as a C++ literal: printable ASCII, everything else as octal escapes of its UTF-8."""
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return '"' + "".join(plain) + '"'
