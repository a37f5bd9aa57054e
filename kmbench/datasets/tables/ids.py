"""Columns that say which row it is and not what it is like: IDs, row numbers, post codes, account numbers."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

__all__ = ["counts_on", "is_address_name", "is_id_name", "is_number_name", "name_tokens"]

_ID = frozenset(
    [
        "id",
        "ids",
        "uuid",
        "guid",
        "idx",
        "rowid",
        "caseid",
        "pid",
        "uid",
        "customerid",
        "clientid",
        "userid",
        "memberid",
        "personid",
        "patientid",
        "studentid",
        "employeeid",
        "productid",
        "itemid",
        "orderid",
        "invoiceid",
        "accountid",
        "storeid",
        "hostid",
        "sessionid",
        "deviceid",
        "transactionid",
        "recordid",
        "objectid",
        "subjectid",
        "respondentid",
        "householdid",
        "kundenid",
        "artikelid",
        "identifier",
    ]
)
_NUMBER = frozenset(
    [
        "key",
        "nr",
        "no",
        "number",
        "index",
        "obs",
        "case",
        "subject",
        "patient",
        "docno",
        "seqno",
        "num",
        "nummer",
        "kundennummer",
        "kundennr",
        "kdnr",
        "artikelnr",
        "artikelnummer",
        "bestellnummer",
        "rechnungsnr",
        "rechnungsnummer",
        "lfdnr",
        "numero",
        "numéro",
        "número",
        "customerno",
        "orderno",
        "invoiceno",
        "accountno",
    ]
)
_ADDRESS = frozenset(
    [
        "zip",
        "zipcode",
        "plz",
        "postcode",
        "postalcode",
        "postleitzahl",
        "phone",
        "telephone",
        "telefon",
        "telefonnummer",
        "phonenumber",
        "tel",
        "fax",
        "iban",
        "bic",
        "ean",
        "gtin",
        "upc",
        "isbn",
        "sku",
        "fips",
        "ssn",
    ]
)
_ADDED = frozenset(["no", "nr", "num", "number", "code", "nummer"])
_TOKENS = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\d+")


def name_tokens(name: str) -> list[str]:
    """Return the words of a column's name in lower case: ``CustomerID`` gives customer and id."""
    return [token.lower() for token in _TOKENS.findall(name)]


def is_id_name(name: str) -> bool:
    """Tell whether a name says that the column is an ID.

    Such a column is left out whether its values repeat or not: in 646 real tables all 31 that repeat are IDs, of
    customers with several orders and the like. A name of the shop ``Paid`` or of the quantity ``Humid`` is none:
    whole words count.
    """
    return not _ID.isdisjoint(name_tokens(name))


def is_number_name(name: str) -> bool:
    """Tell whether a name such as ``key``, ``no`` or ``case`` may say that the column numbers the rows.

    It does where its values are whole and all different; ``NO`` and ``NO2`` are gases, and ``number of visits`` is
    a count.
    """
    tokens = name_tokens(name)
    counted = {"of", "von", "der", "de"}
    return any(
        token in _NUMBER and not (place + 1 < len(tokens) and tokens[place + 1] in counted)
        for place, token in enumerate(tokens)
    )


def is_address_name(name: str) -> bool:
    """Tell whether a name says that the digits are a post code, a phone or an article number: no amount.

    The word has to end the name, as in ``billing zip`` and ``PhoneNumber``: ``phone_minutes`` is an amount.
    """
    tokens = name_tokens(name)
    last = "".join(tokens[-2:])
    while len(tokens) > 1 and (tokens[-1] in _ADDED or tokens[-1].isdigit()):
        tokens.pop()
    return bool(tokens) and (tokens[-1] in _ADDRESS or last in _ADDRESS)


def counts_on(values: NDArray[np.float64]) -> bool:
    """Tell whether values go up by 1 from row to row, as row numbers do."""
    return len(values) > 2 and bool((np.diff(values) == 1).all())
