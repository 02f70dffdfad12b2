"""The certificates that an installation signs its clips under. C2PA takes no certificate that signs itself."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# There is no authority for time offline: a mark is judged by the moment at which it is read, so it has to last.
VALID_FOR = timedelta(days=20 * 365)
# Clocks of two machines differ.
VALID_BEFORE_NOW = timedelta(days=1)

KEY_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def certificates_for(public_key: str, name: str) -> str:
    """In PEM, the one for the key first. The authority's own key is used once and forgotten."""
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError(f"Expected a key on an elliptic curve, got {type(key).__name__}.")
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = named(f"{name}, authority")
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .not_valid_before(datetime.now(UTC) - VALID_BEFORE_NOW)
        .not_valid_after(datetime.now(UTC) + VALID_FOR)
    )
    root = (
        builder.subject_name(issuer)
        .public_key(authority.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(used_for("key_cert_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    own = (
        builder.subject_name(named(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(used_for("digital_signature"), critical=True)
        # Of those that C2PA takes for signing what is its own.
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in (own, root))


def named(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "animate-bot"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


def used_for(use: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{each: each == use for each in KEY_USES})
