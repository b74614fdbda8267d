"""What people who read a language call it (CLDR: the display name of a locale in itself)."""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.wording import LANGUAGES

OWN_NAMES: Mapping[str, str] = dict(
    entry.split(" ", 1)
    for entry in [
        "bn বাংলা",
        "cs Čeština",
        "da Dansk",
        "de Deutsch",
        "el Ελληνικά",
        "en English",
        "es Español",
        "fi Suomi",
        "fr Français",
        "gu ગુજરાતી",
        "hi हिन्दी",
        "hr Hrvatski",
        "hu Magyar",
        "it Italiano",
        "ja 日本語",
        "kn ಕನ್ನಡ",
        "ko 한국어",
        "ml മലയാളം",
        "mr मराठी",
        "ms Melayu",
        "nb Norsk bokmål",
        "nl Nederlands",
        "pa ਪੰਜਾਬੀ",
        "pl Polski",
        "pt-br Português (Brasil)",
        "pt-pt Português (Portugal)",
        "ro Română",
        "ru Русский",
        "sk Slovenčina",
        "sv Svenska",
        "ta தமிழ்",
        "te తెలుగు",
        "th ไทย",
        "tr Türkçe",
        "zh-hans 简体中文",
        "zh-hant 繁體中文",
    ]
)


def both_names(language_id: str) -> str:
    """``Ελληνικά (Greek)``, for people who choose among languages they may not read."""
    own, english = OWN_NAMES[language_id], LANGUAGES[language_id]
    return own if own == english else f"{own} – {english}"
