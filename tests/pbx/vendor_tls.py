"""TLS for a vendor at 127.0.0.1, whose certificate nobody trusts who was not told to."""

import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBYTCCAQagAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAt2ZW5kb3Iu
dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLdmVuZG9yLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQQ+0VA9O7D
anwVohQslALFYZD4GNr6fbTdM/dQLuK4M3QWtz0QeyAY7RitQR6oA/6qnCu/xQU7
GeLmIns6s5VSo0MwQTAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8w
HQYDVR0OBBYEFEl0d+Bb/7kPZ24tbM27Kj7SP9dtMAoGCCqGSM49BAMCA0kAMEYC
IQC4GFVW9xNFYqSMViJ+RDpGWhJrkcByPqd6CayzyWDo/AIhAIBA4kNypSJc1bcf
LNlrh/WNPA5KqtiBx5jLVb6X9ia9
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcgoBDWzfBH18yYyZ
yICkzD5oxpEfecA0Ha88SuAXsBahRANCAAQQ+0VA9O7DanwVohQslALFYZD4GNr6
fbTdM/dQLuK4M3QWtz0QeyAY7RitQR6oA/6qnCu/xQU7GeLmIns6s5VS
-----END PRIVATE KEY-----
"""
# Made for these tests; it opens nothing.


def vendor_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")
        pair.write_text(CERTIFICATE + KEY)
        context.load_cert_chain(pair)
    return context


def trusting_side() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=CERTIFICATE)
