"""Compact JWS and JWK sets: RFC 7515, 7517 and 7518. Pure: bytes in, keys and verified bytes out."""
