"""The schema linter: columns that no table of ours may have, whatever they are called for (4-standards 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

# Whole words of a column's name, because `template` is no `plate` and `macau` no `mac`.
FORBIDDEN_WORDS: Mapping[str, str] = {
    "imsi": "signal of a SIM card",
    "imei": "number of a phone set",
    "mac": "address of a device",
    "face": "biometric feature",
    "iris": "biometric feature",
    "fingerprint": "biometric feature",
    "voiceprint": "biometric feature",
    "gait": "biometric feature",
    "plate": "a car's number, thus a trail",
    "ssid": "Wi-Fi signal",
    "bssid": "Wi-Fi signal",
    "minzu": "ethnic group",
    "political": "political leaning",
    "petitioner": "label of a person who complains",
    "trajectory": "trail of a person",
}
FORBIDDEN_BEGINNINGS: Mapping[str, str] = {
    "ethnic": "ethnic group",
    "relig": "religion",
    "biometric": "biometric feature",
}
FORBIDDEN_NAMES: Mapping[str, str] = {
    "person_score": "score of a person",
    "person_rank": "rank of a person",
    "person_colour": "colour of a person",
    "person_color": "colour of a person",
    "person_risk": "risk label of a person",
    "person_track": "trail of a person",
    "person_tag": "label of a person",
    "credit_score": "score of a person",
    "risk_score": "score; tiers are for organisations and premises, by published criteria",
    "criminal_record": "record as a feature",
    "consumption": "readings of a household",
    "passage_log": "trail of a person",
}


def find_forbidden_column(name: str) -> str | None:
    """Why the column `name` may not exist, or None if it may."""
    folded = name.lower()
    for forbidden, reason in FORBIDDEN_NAMES.items():
        if f"_{forbidden}_" in f"_{folded}_":
            return reason
    for word in folded.split("_"):
        if word in FORBIDDEN_WORDS:
            return FORBIDDEN_WORDS[word]
        for beginning, reason in FORBIDDEN_BEGINNINGS.items():
            if word.startswith(beginning):
                return reason
    return None
