"""The admin API as another implementation of gRPC sees it: grpcio, with stubs made from admin.proto, and without any, by
reflection alone.

    check.py CHATTERD

starts that program, calls it, and ends it. Exit code 0: everything was as admin.proto says.
"""

import importlib
import pathlib
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
SERVICE = "chatter.admin.v1.Admin"
SECONDS = 20


def stubs(folder):
    """Messages and client, generated from admin.proto."""
    code = protoc.main(
        ["protoc", f"-I{PROTO}", f"--python_out={folder}", f"--grpc_python_out={folder}", str(PROTO / "admin.proto")]
    )
    assert code == 0, "admin.proto is none that protoc takes"
    sys.path.insert(0, str(folder))
    return importlib.import_module("admin_pb2"), importlib.import_module("admin_pb2_grpc")


def reason(error):
    """Domain and reason in a refusal's details."""
    for detail in rpc_status.from_call(error).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.domain, info.reason
    raise AssertionError(f"no ErrorInfo in {error}")


def refused(call, request, code, word):
    try:
        call(request, timeout=SECONDS)
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert reason(error) == ("admin.chatter", word), error
        assert error.details(), "a sentence for the operator"
        return
    raise AssertionError(f"{word}: it was not refused")


def by_stubs(channel, pb2, client):
    status = client.Status(pb2.StatusRequest(), timeout=SECONDS)
    assert status.ephemeral and status.knocks == 0 and status.listening, status
    watching = client.Watch(pb2.WatchRequest(), timeout=SECONDS)
    assert next(watching).WhichOneof("event") == "snapshot"
    ban = client.AddBan(pb2.AddBanRequest(address="2001:db8::9", for_seconds=60), timeout=SECONDS).ban
    assert (ban.address, ban.reason, ban.until - ban.since) == ("2001:db8::/64", "operator", 60), ban
    heard = next(event for event in watching if event.WhichOneof("event") == "banned")
    assert heard.banned == ban, heard
    watching.cancel()
    parts = list(client.ExportBanReport(pb2.ExportBanReportRequest(), timeout=SECONDS))
    assert [ban.address for part in parts for ban in part.bans] == ["2001:db8::/64"], parts
    client.LiftBan(pb2.LiftBanRequest(address="2001:db8::9"), timeout=SECONDS)
    link = client.CreateInvite(pb2.CreateInviteRequest(name="ben"), timeout=SECONDS)
    assert link.access_link.startswith("chatter://") and not link.already, "a link by a new code"
    codes = client.ListInvites(pb2.ListInvitesRequest(), timeout=SECONDS).invites
    assert [code.name for code in codes] == ["", "ben"], codes
    settings = client.ListSettings(pb2.ListSettingsRequest(), timeout=SECONDS).settings
    assert any(setting.key == "ban.after" and setting.value == "30" for setting in settings), settings
    assert not client.Reload(pb2.ReloadRequest(), timeout=SECONDS).changes

    refused(client.AddBan, pb2.AddBanRequest(address="x"), grpc.StatusCode.INVALID_ARGUMENT, "WRONG_ADDRESS")
    refused(client.AddBan, pb2.AddBanRequest(address="127.0.0.1"), grpc.StatusCode.FAILED_PRECONDITION, "EXEMPT")
    refused(client.LiftBan, pb2.LiftBanRequest(address="192.0.2.1"), grpc.StatusCode.NOT_FOUND, "NO_SUCH_BAN")
    refused(client.Kick, pb2.KickRequest(number=7), grpc.StatusCode.NOT_FOUND, "NO_SUCH_SESSION")
    refused(client.ReseedDecoy, pb2.ReseedDecoyRequest(), grpc.StatusCode.FAILED_PRECONDITION, "EPHEMERAL")
    health = health_pb2_grpc.HealthStub(channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING, answer
    watching = health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
    watching.cancel()


def by_reflection(channel, pb2):
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    assert {SERVICE, "grpc.health.v1.Health"} <= services, services
    pool = descriptor_pool.DescriptorPool(database)
    told = pool.FindServiceByName(SERVICE)
    generated = pb2.DESCRIPTOR.services_by_name["Admin"]
    assert [method.name for method in told.methods] == [method.name for method in generated.methods]
    method = told.methods_by_name["Status"]
    request = message_factory.GetMessageClass(method.input_type)
    reply = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_unary(
        f"/{SERVICE}/{method.name}", request_serializer=request.SerializeToString, response_deserializer=reply.FromString
    )
    assert call(request(), timeout=SECONDS).ephemeral


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        pb2, pb2_grpc = stubs(folder)
        socket = pathlib.Path(folder) / "run" / "admin.sock"
        command = [program, "--ephemeral", "--listen", "127.0.0.1:0", "--admin-socket", str(socket)]
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert any("access link" in line for line in daemon.stdout), "it starts"
            # Its own name for the other end, which the daemon ignores, has to be one that HTTP/2 takes.
            options = [("grpc.default_authority", "localhost")]
            with grpc.insecure_channel(f"unix:{socket}", options=options) as channel:
                client = pb2_grpc.AdminStub(channel)
                by_stubs(channel, pb2, client)
                by_reflection(channel, pb2)
                client.Shutdown(pb2.ShutdownRequest(), timeout=SECONDS)
            assert daemon.wait(SECONDS) == 0
        finally:
            daemon.kill()
            daemon.wait()
    print("grpcio talks with the admin API by stubs and by reflection")


main(sys.argv[1])
