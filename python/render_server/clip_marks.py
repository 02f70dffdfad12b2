"""Marks a finished clip as made here, and reads such marks: `python -m render_server.clip_marks mark`, `… verify`, and
`… certify` for the certificates.

The bytes come from an engine that may have been taken over, so this runs shut in, without the key: what is to be signed
goes out on standard output, and the signature comes back on standard input. Files on both are each behind their length
in four bytes. What C2PA needs is imported where it is needed: without it the plain metadata is there all the same."""

import argparse
import io
import json
import re
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import av

from .clip_tools import limit_memory

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE = re.compile(re.escape(SOURCE_TYPES) + r"\w{1,64}")

# Adobe's, by which readers of XMP find it in an MP4.
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
MAX_XMP_BYTES = 64 * 1024

# The clip has its plain metadata, and could not be signed; the last line of standard error says why.
EXIT_PLAIN = 4

# No address is asked, whatever a file says.
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}


def read_file() -> bytes:
    header = sys.stdin.buffer.read(4)
    if len(header) < 4:
        raise EOFError("Expected a file on standard input, got its end.")
    return sys.stdin.buffer.read(struct.unpack(">I", header)[0])


def write_file(content: bytes) -> None:
    sys.stdout.buffer.write(struct.pack(">I", len(content)) + content)
    sys.stdout.buffer.flush()


def with_plain_metadata(clip: bytes, about: dict[str, Any]) -> bytes:
    """The same pictures in a new MP4, which has no box of the engine's own: a tag that survives other programs' copies,
    and XMP, where IPTC looks for the source type."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "clip.mp4"
        with (
            av.open(io.BytesIO(clip), "r", format="mp4") as source,
            av.open(
                str(output),
                "w",
                format="mp4",
                options={"movflags": "+faststart"},
                container_options={"fflags": "+bitexact"},
            ) as target,
        ):
            pictures = source.streams.video[0]
            copied = target.add_stream_from_template(pictures)
            target.metadata["comment"] = f"{about['words']} Digital source type: {SOURCE_TYPES}{about['source']}"
            for packet in source.demux(pictures):
                if packet.dts is not None:  # The last one only says that there are no more.
                    packet.stream = copied
                    target.mux(packet)
        return output.read_bytes() + xmp_box(about)


def xmp_box(about: dict[str, Any]) -> bytes:
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f" xmp:CreatorTool={quoteattr(' '.join(about['generator']))}"
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(SOURCE_TYPES + about['source'])}/>"
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
    return struct.pack(">I", 8 + len(XMP_UUID) + len(packet)) + b"uuid" + XMP_UUID + packet


def sign(clip: bytes, about: dict[str, Any], ask: Callable[[bytes], bytes]) -> bytes:
    """`ask` has bytes signed by whoever holds the key."""
    import c2pa  # noqa: PLC0415

    name, version = about["generator"]
    created = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPES + about["source"],
        "softwareAgent": {"name": about["engine"]},
    }
    manifest = {
        "claim_generator_info": [{"name": name, "version": version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    signed = io.BytesIO()
    context = c2pa.Context(c2pa.Settings.from_dict(OFFLINE))
    with (
        c2pa.Signer.from_callback(ask, c2pa.C2paSigningAlg.ES256, about["certificates"]) as signer,
        c2pa.Builder(manifest, context) as builder,
    ):
        builder.sign(signer, "video/mp4", io.BytesIO(clip), signed)
    return signed.getvalue()


def mark() -> int:
    about, clip = json.loads(read_file()), read_file()
    plain = with_plain_metadata(clip, about)
    if about["certificates"] is None:
        write_file(b"")
        write_file(plain)
        return 0
    asked: list[bytes] = []

    def ask(question: bytes) -> bytes:
        asked.append(question)
        write_file(question)
        return read_file()

    try:
        signed = sign(plain, about, ask)
    except Exception as error:  # Whatever is wrong with C2PA, the clip has its plain metadata.
        if not asked:
            write_file(b"")
        write_file(plain)
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return EXIT_PLAIN
    write_file(signed)
    return 0


def boxes_of(clip: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The outermost boxes: their types and what is in them. What is broken ends them."""
    at = 0
    while at + 8 <= len(clip):
        size, kind = struct.unpack(">I4s", clip[at : at + 8])
        header = 8
        if size == 1 and at + 16 <= len(clip):
            size, header = struct.unpack(">Q", clip[at + 8 : at + 16])[0], 16
        end = len(clip) if size == 0 else at + size
        if end < at + header or end > len(clip):
            return
        yield kind, clip[at + header : end]
        at = end


def plain_sources(clip: bytes) -> dict[str, str]:
    """Where plain metadata is found, and which source type it says."""
    found: dict[str, str] = {}
    with av.open(io.BytesIO(clip), "r", format="mp4") as container:
        texts = {"tag": container.metadata.get("comment", "")}
    for kind, content in boxes_of(clip):
        if kind == b"uuid" and content.startswith(XMP_UUID):
            texts["xmp"] = content[:MAX_XMP_BYTES].decode("utf-8", "replace")
    for place, text in texts.items():
        if says := SOURCE_TYPE.search(text):
            found[place] = says.group()
    return found


def manifest_of(clip: bytes, anchors: str) -> dict[str, Any] | None:
    """None where there is none. `anchors` are the certificates of this installation, in PEM."""
    import c2pa  # noqa: PLC0415

    settings = OFFLINE | ({"trust": {"trust_anchors": anchors}} if anchors else {})
    try:
        reader = c2pa.Reader("video/mp4", io.BytesIO(clip), context=c2pa.Context(c2pa.Settings.from_dict(settings)))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        return {"state": "Invalid", "faults": [str(error)[:200]]}
    with reader:
        whole = json.loads(reader.json())
    active = whole["manifests"].get(whole.get("active_manifest"), {})
    actions = [
        action
        for assertion in active.get("assertions", [])
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
    ]
    created: dict[str, Any] = next((action for action in actions if action.get("action") == "c2pa.created"), {})
    generator = (active.get("claim_generator_info") or [{}])[0]
    agent = created.get("softwareAgent")
    return {
        "state": whole.get("validation_state", "Invalid"),
        "faults": [fault.get("code", "") for fault in whole.get("validation_status", [])],
        "generator": " ".join(str(generator[key]) for key in ("name", "version") if key in generator),
        "engine": agent.get("name") if isinstance(agent, dict) else agent,
        "source": created.get("digitalSourceType"),
        "signer": active.get("signature_info", {}).get("common_name"),
    }


def verify() -> int:
    order, clip = json.loads(read_file()), read_file()
    answer = {"plain": plain_sources(clip), "manifest": manifest_of(clip, order["anchors"])}
    sys.stdout.write(json.dumps(answer))
    return 0


def certify() -> int:
    """Two certificates as C2PA asks for them: for the public key, and of an authority whose key is forgotten here."""
    from .certificates import certificates_for  # noqa: PLC0415

    order = json.loads(read_file())
    sys.stdout.write(certificates_for(order["publicKey"], order["name"]))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="render_server.clip_marks")
    tools = {"mark": mark, "verify": verify, "certify": certify}
    parser.add_argument("tool", choices=list(tools))
    args = parser.parse_args()
    limit_memory()
    return tools[args.tool]()


if __name__ == "__main__":
    sys.exit(main())
