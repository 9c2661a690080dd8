"""The server with a certificate of its own: https without a proxy in front."""

import ssl
import urllib.request

import pytest
import trustme

from tests.support.serving import Server


@pytest.fixture
def authority():
    return trustme.CA()


def test_a_server_with_a_certificate_answers_https_and_says_so(tmp_path, authority):
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(str(key))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(chain), append=True)
    options = {"WHIMBREL_TLS_CERT": str(chain), "WHIMBREL_TLS_KEY": str(key)}
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = Server(tmp_path / "data", options=options).start()
    try:
        assert server.url.startswith("https://127.0.0.1:")
        with urllib.request.urlopen(f"{server.url}/", context=trusting, timeout=30) as page:
            assert page.status == 200
            assert page.headers["strict-transport-security"]
    finally:
        assert server.stop() == 0
