"""Offers before anybody applies; rules rehearsed, signed, and suspended by what people answer."""
