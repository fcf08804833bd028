"""The passphrase provider and what it protects."""

import base64
import hashlib
import os

import pytest
from pulumi import automation as auto

from drstate.sandbox.engine import passphrase
from drstate.sandbox.engine.sealing import canonical, revealed, sealed, unwrapped
from tests.sandbox.engine.front_harness import PASSPHRASE, fails, puts, root, secret, stderr

#: written by the Pulumi CLI
VECTOR = {
    "passphrase": "correct horse battery staple",
    "salt": "v1:G8tVYEtB37c=:v1:qVF7FdfCSapxrODZ:1qwK+JhJemTcDPMmJChIRgy7MOBexw==",
    "config": ("v1:ne17jcAEDqSkd2wE:9+AziRROQfSmqDaY4qkgK3i9Rk/nFJuzKg==", "swordfish"),
    "state": (
        (
            "v1:VRH3sgPcSUedq1nI:bCahSO1xIWvTVvT+lWrWvomtB0BtD1ofPllr4DDaRLREjtcJ5cx8xADbfGihty0y"
            "HcUP+Y81"
        ),
        {"deep": ["x", 1, True, None], "text": "ü"},
    ),
}


def entropy(size):
    return bytes(range(size))


@pytest.fixture(scope="module")
def cipher():
    return passphrase.open_cipher(VECTOR["passphrase"], VECTOR["salt"], entropy)


def test_what_the_cli_encrypted_is_decrypted(cipher):
    assert cipher.decrypt(VECTOR["config"][0]) == VECTOR["config"][1]
    ciphertext, value = VECTOR["state"]
    assert cipher.decrypt(ciphertext) == canonical(value)


def test_a_value_survives_the_way_to_the_disk_and_back(cipher):
    value = {"list": [1, secret({"b": "ü", "a": None})], "plain": "x"}
    on_disk = sealed(value, cipher)
    assert "ciphertext" in on_disk["list"][1]
    assert "ü" not in canonical(on_disk)
    assert revealed(on_disk, cipher.decrypt) == value


def test_a_value_without_secrets_is_not_copied(cipher):
    value = {"list": [1, {"a": "x"}]}
    assert sealed(value, cipher) is value


def test_secrets_inside_secrets_are_shown_plain(cipher):
    value = {"outer": secret({"inner": secret("x"), "open": 1})}
    assert unwrapped(value, cipher.decrypt) == {"outer": {"inner": "x", "open": 1}}
    assert unwrapped(value, None) == {"outer": "[secret]"}


def test_a_wrong_passphrase_is_noticed():
    with pytest.raises(passphrase.IncorrectPassphraseError):
        passphrase.open_cipher("wrong", VECTOR["salt"], entropy)


@pytest.mark.parametrize("line", ["", "v2:AAAA:v1:a:b", "v1:not base64!:v1:a:b", "v1:AAAAAAAAAAA="])
def test_a_damaged_salt_is_not_a_wrong_passphrase(line):
    with pytest.raises(passphrase.DamagedCiphertextError):
        passphrase.open_cipher("x", line, entropy)


def test_an_altered_ciphertext_is_refused(cipher):
    _, nonce, data = VECTOR["config"][0].split(":")
    raw = bytearray(base64.b64decode(data))
    raw[0] ^= 1
    with pytest.raises(passphrase.DamagedCiphertextError):
        cipher.decrypt(f"v1:{nonce}:{base64.b64encode(raw).decode()}")


def test_a_key_is_derived_once_a_process(monkeypatch):
    derived = []
    real = hashlib.pbkdf2_hmac

    def count(*args):
        derived.append(args[2])
        return real(*args)

    monkeypatch.setattr(passphrase.hashlib, "pbkdf2_hmac", count)
    monkeypatch.setattr(passphrase, "ITERATIONS", 10)
    monkeypatch.setattr(passphrase, "_keys", {})
    made = passphrase.new_cipher("x", entropy)
    for _ in range(5):
        passphrase.open_cipher("x", made.salt_line, entropy)
    assert len(derived) == 1


def test_the_passphrase_may_come_from_a_file(front, tmp_path):
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    del front.env["PULUMI_CONFIG_PASSPHRASE"]
    front.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(file)
    front.up(puts(root(token=secret("x"))))
    assert '"plaintext"' in front.run("stack", "export", "--show-secrets", "--stack", "dev").stdout


def test_a_missing_passphrase_names_both_ways_to_give_it(front):
    del front.env["PULUMI_CONFIG_PASSPHRASE"]
    error = stderr(fails(front.up))
    assert "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE" in error


def test_an_empty_passphrase_is_a_passphrase(tmp_path):
    assert passphrase.passphrase_of({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""


def test_a_missing_settings_file_is_given_a_new_salt_and_old_secrets_are_encrypted_anew(front):
    front.up(puts(root(token=secret("x"))))
    (front.project / "Pulumi.dev.yaml").unlink()
    front.up(puts())
    salt = (front.project / "Pulumi.dev.yaml").read_text().partition(": ")[2].strip()
    latest = front.export("--show-secrets")["deployment"]
    assert latest["secrets_providers"]["state"]["salt"] == salt
    assert latest["resources"][0]["outputs"]["token"]["plaintext"] == '"x"'


def test_commands_that_show_no_secret_need_no_passphrase(front):
    front.up(puts(root(token=secret("x"), open=1)))
    del front.env["PULUMI_CONFIG_PASSPHRASE"]
    assert '"[secret]"' in front.run("stack", "output", "--json", "--stack", "dev").stdout
    front.run("stack", "export", "--stack", "dev")
    front.run("stack", "ls")
    front.run("stack", "tag", "set", "a", "b", "--stack", "dev")
    front.run("config", "set", "a", "b", "--plaintext", "--stack", "dev")
    fails(front.run, "stack", "output", "--json", "--show-secrets", "--stack", "dev")


def test_other_secrets_providers_are_refused_by_name(front):
    file = front.project / "Pulumi.dev.yaml"
    file.write_text("secretsprovider: awskms://alias/x\n" + file.read_text())
    assert "awskms://alias/x" in stderr(fails(front.up))


def test_the_program_gets_secrets_decrypted_and_is_told_which_they_are(front):
    stack = front.stack()
    stack.set_config("open", auto.ConfigValue("seen"))
    stack.set_config("key", auto.ConfigValue("hush", secret=True))
    stack.set_config("deep.inner", auto.ConfigValue("shh", secret=True), path=True)
    stack.up()
    request = front.script.requests[-1]
    assert request.config == {
        "shop:open": "seen",
        "shop:key": "hush",
        "shop:deep": '{"inner":"shh"}',
    }
    assert request.secret_keys == ("shop:deep", "shop:key")
    assert set(request.secret_texts) == {"hush", "shh"}
    assert request.shown_config == {
        "shop:open": "seen",
        "shop:key": "[secret]",
        "shop:deep": '{"inner":"[secret]"}',
    }


def test_a_damaged_secret_in_the_settings_is_an_error_of_the_command(front):
    front.run("config", "set", "key", "x", "--secret", "--stack", "dev")
    file = front.project / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("secure: v1:", "secure: v1:AAAA"))
    assert "a ciphertext was altered" in stderr(
        fails(front.run, "config", "get", "key", "--stack", "dev")
    )


def test_a_passphrase_that_everybody_knows_has_one_key_and_every_other_a_salt_of_its_own():
    known, again, own, other = (
        passphrase.new_cipher(one, os.urandom) for one in (passphrase.PUBLIC,) * 2 + ("mine",) * 2
    )
    salts = [one.salt_line.split(":")[1] for one in (known, again, own, other)]
    assert salts[0] == salts[1]
    assert len({*salts}) == 3
    # each text is sealed anew all the same, and the line is one that opens what it stands for
    sealed_twice = known.encrypt("x"), again.encrypt("x")
    assert len({*sealed_twice}) == 2
    opened = passphrase.open_cipher(passphrase.PUBLIC, again.salt_line, os.urandom)
    assert [opened.decrypt(one) for one in sealed_twice] == ["x", "x"]
