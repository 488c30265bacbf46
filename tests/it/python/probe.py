"""Lists, describes and calls one service as a stranger with grpcio would: by reflection, over mTLS.

usage: probe.py ADDRESS CA CERT KEY METHOD
Prints one JSON object.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    address, ca, cert, key, method = sys.argv[1:]
    credentials = grpc.ssl_channel_credentials(read(ca), read(key), read(cert))
    with grpc.secure_channel(address, credentials) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = descriptor_pool.DescriptorPool(database)
        services = sorted(database.get_services())
        methods = {}
        for name in services:
            service = pool.FindServiceByName(name)
            methods[name] = sorted(one.name for one in service.methods)
        health = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=10
        )
        print(
            json.dumps(
                {
                    "services": services,
                    "methods": methods,
                    "health": health_pb2.HealthCheckResponse.ServingStatus.Name(health.status),
                    "answer": call(channel, pool, method),
                }
            )
        )


def call(channel, pool, path):
    """Calls a unary method with an empty request; gives the code, and the fields of the answer."""
    service, name = path.rsplit("/", 1)
    method = pool.FindServiceByName(service).methods_by_name[name]
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    stub = channel.unary_unary(
        f"/{path}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    try:
        answer = stub(request(), timeout=10)
    except grpc.RpcError as error:
        return {"code": error.code().name}
    return {"code": "OK", "fields": [field.name for field, _ in answer.ListFields()]}


main()
