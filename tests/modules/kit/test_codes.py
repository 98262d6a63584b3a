"""Codes and check digits against the test vectors of the standards (computed when the reference was compiled)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.kit import credit_codes, element_codes, identity_numbers, place_codes
from kuai.kit.identity_numbers import NumberKind, Sex, read_identity_number

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("first_17", "check"),
    [
        ("11010519491231002", "X"),
        ("44052418800101001", "4"),
        ("44030019900307123", "4"),
        ("81000019900101001", "9"),
        ("82000019900101001", "0"),
        ("83000019900101001", "2"),
        ("91184019800101001", "3"),
    ],
)
def test_identity_check_character_agrees_with_gb_11643(first_17, check):
    assert identity_numbers.check_character(first_17) == check


@pytest.mark.parametrize(
    ("text", "kind", "valid"),
    [
        ("11010519491231002X", NumberKind.RESIDENT, True),
        ("11010519491231002x", NumberKind.RESIDENT, True),
        ("１１０１０５１９４９１２３１００２Ｘ", NumberKind.RESIDENT, True),
        ("110105 19491231 002X", NumberKind.RESIDENT, True),
        ("810000199001010019", NumberKind.HK_MACAU_TAIWAN, True),
        ("820000199001010010", NumberKind.HK_MACAU_TAIWAN, True),
        ("830000199001010012", NumberKind.HK_MACAU_TAIWAN, True),
        ("911840198001010013", NumberKind.FOREIGN, True),
        ("110105491231002", NumberKind.LEGACY15, True),
        ("110105194912310021", NumberKind.RESIDENT, False),
        ("111111111111111111", NumberKind.RESIDENT, False),
        ("440300209903071230", NumberKind.RESIDENT, False),
        ("无", NumberKind.OTHER, False),
        ("", NumberKind.NONE, False),
    ],
)
def test_numbers_are_read_by_form_date_and_check(text, kind, valid):
    read = read_identity_number(text, as_of=TODAY)
    assert (read.kind, read.is_valid) == (kind, valid)


def test_legacy_number_is_upgraded_with_century_and_check():
    assert identity_numbers.upgrade_legacy("110105491231002") == "11010519491231002X"


def test_birth_date_and_sex_come_from_the_number():
    read = read_identity_number("11010519491231002X", as_of=TODAY)
    assert (read.birth_date, read.sex) == (date(1949, 12, 31), Sex.FEMALE)


def test_no_single_digit_change_or_adjacent_swap_of_the_standards_sample_passes():
    sample = "11010519491231002X"
    changed = [
        sample[:i] + digit + sample[i + 1 :]
        for i in range(17)
        for digit in "0123456789"
        if digit != sample[i]
    ]
    swapped = [
        sample[:i] + sample[i + 1] + sample[i] + sample[i + 2 :]
        for i in range(16)
        if sample[i] != sample[i + 1]
    ]
    assert not [n for n in changed + swapped if read_identity_number(n, as_of=TODAY).is_valid]


@given(st.text(alphabet="0123456789xX 　-", max_size=22))
def test_any_text_is_read_without_raising(text):
    assert read_identity_number(text, as_of=TODAY).kind in NumberKind


@pytest.mark.parametrize(
    ("first_17", "check"),
    [
        ("91350100M000100Y4", "3"),
        ("91110000600037341", "L"),
        ("91440300708461136", "T"),
        ("N2440310MA5TEDT09", "C"),
    ],
)
def test_credit_code_check_agrees_with_gb_32100(first_17, check):
    assert credit_codes.credit_check_character(first_17) == check


@pytest.mark.parametrize(
    ("first_8", "check"),
    [("D2143569", "X"), ("M000100Y", "4"), ("60003734", "1"), ("00001422", "6")],
)
def test_organisation_code_check_agrees_with_gb_11714(first_8, check):
    assert credit_codes.organisation_check_character(first_8) == check


def test_the_widely_printed_wrong_example_is_refused_and_the_right_one_kept():
    assert credit_codes.read_credit_code("91350100M000100Y43").is_valid
    assert not credit_codes.read_credit_code("91350100M000100Y4Z").is_valid


def test_a_code_with_a_right_last_character_but_a_wrong_organisation_code_is_invalid():
    first_17 = "91350100M000100Y5"
    assert not credit_codes.read_credit_code(
        first_17 + credit_codes.credit_check_character(first_17)
    ).is_valid


def test_registration_number_agrees_with_gs_15():
    assert credit_codes.registration_check_digit("11010800000001") == "6"
    assert credit_codes.is_registration_number("110108000000016")
    assert not credit_codes.is_registration_number("110108000000017")


@pytest.mark.parametrize(
    ("code", "kind"), [("92", "sole_trader"), ("91", "enterprise"), ("12", "institution")]
)
def test_kind_of_entity_is_read_from_the_first_two_characters(code, kind):
    assert credit_codes.kind_of(code) == kind


def test_house_code_has_the_published_parts():
    read = place_codes.read_house_code("4403070030030400042000003")
    assert read == place_codes.HouseCode("44", "03", "07", "003", "003", "04", "00042", "000003")
    assert place_codes.read_house_code("440307003003040004200000") is None


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("440310", True),
        ("440310001", True),
        ("440310001001", True),
        ("4403100", False),
        ("000310", False),
    ],
)
def test_division_codes_have_6_9_or_12_digits(text, good):
    assert place_codes.is_division_code(text) is good


@given(st.integers(min_value=1, max_value=element_codes.LARGEST_SERIAL))
def test_every_serial_has_a_code_with_a_right_check_character(serial):
    code = element_codes.code_of("person", serial)
    assert element_codes.is_element_code(code)


def test_first_million_serials_have_a_million_codes():
    bodies = {element_codes._permute(serial) for serial in range(1, 1_000_001)}
    assert len(bodies) == 1_000_000


@given(
    st.integers(min_value=1, max_value=element_codes.LARGEST_SERIAL),
    st.integers(0, 7),
    st.sampled_from(element_codes.ALPHABET),
)
def test_a_mistyped_character_is_noticed(serial, place, char):
    code = element_codes.code_of("organisation", serial)
    mistyped = code[: place + 2] + char + code[place + 3 :]
    assert mistyped == code or not element_codes.is_element_code(mistyped)


def test_the_vectorised_form_agrees_with_the_single_one():
    serials = np.array([1, 2, 3, 1000, 2**39 + 12345, element_codes.LARGEST_SERIAL])
    expected = [element_codes.code_of("event", int(serial)) for serial in serials]
    assert list(element_codes.codes_of("event", serials)) == expected
