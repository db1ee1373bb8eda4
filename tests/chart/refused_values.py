"""Values that the chart refuses, and the sentences it refuses them with, one of each kind at least."""

from typing import Final, NamedTuple

from tests.chart.rendering import Body


class Refused(NamedTuple):
    """Values over a scenario, and the sentence they are refused with."""

    scenario: str
    values: Body
    sentence: str


def oauth(**changes: object) -> Body:
    """Give values of Kafka with OAUTHBEARER by a token endpoint."""
    settings = {"tokenUrl": "https://idp.example.com/token", "clientId": "bridge", **changes}
    return {"kafka": {"sasl": {"mechanism": "OAUTHBEARER", "existingSecret": "oauth", "oauth": settings}}}


REFUSED: Final = (
    Refused(
        "minimal",
        {"kafka": {"bootstrapServers": ""}},
        "kafka.bootstrapServers is empty: give the brokers to ask first, such as kafka-bootstrap.kafka:9093.",
    ),
    Refused(
        "production",
        {"topics": {"job": {"kafka": {"bootstrapServers": ""}}}},
        "topics.job.kafka.bootstrapServers is empty: "
        "give the brokers to ask first, such as kafka-bootstrap.kafka:9093.",
    ),
    Refused(
        "minimal",
        {"kafka": {"tls": {"ca": {"existingSecret": "ca"}}}},
        "kafka.tls.ca.existingSecret is set, but kafka.securityProtocol is PLAINTEXT: "
        "choose SSL or SASL_SSL, or leave the Secret out.",
    ),
    Refused(
        "minimal",
        {"kafka": {"tls": {"client": {"existingSecret": "client"}}}},
        "kafka.tls.client.existingSecret is set, but kafka.securityProtocol is PLAINTEXT: "
        "choose SSL or SASL_SSL, or leave the Secret out.",
    ),
    Refused(
        "minimal",
        {"kafka": {"tls": {"checkHostname": False}}},
        "kafka.tls.checkHostname is false, but kafka.securityProtocol is PLAINTEXT: "
        "choose SSL or SASL_SSL, or leave it out.",
    ),
    Refused(
        "msk-iam",
        {"kafka": {"securityProtocol": "SASL_PLAINTEXT"}},
        "kafka.sasl.mechanism is AWS_MSK_IAM, but kafka.securityProtocol is SASL_PLAINTEXT: choose SASL_SSL.",
    ),
    Refused(
        "msk-iam",
        {"kafka": {"sasl": {"awsRegion": ""}}},
        "kafka.sasl.mechanism is AWS_MSK_IAM, but kafka.sasl.awsRegion is empty: give the cluster's region.",
    ),
    Refused(
        "default",
        oauth(tokenUrl=""),
        "kafka.sasl.mechanism is OAUTHBEARER, but there is no token: give kafka.sasl.oauth.tokenUrl, or tokenFile.",
    ),
    Refused(
        "default",
        oauth(tokenFile="/run/token"),
        "kafka.sasl.oauth.tokenFile and tokenUrl are both set: give one of them.",
    ),
    Refused(
        "default",
        oauth(clientId=""),
        "kafka.sasl.oauth.tokenUrl is set: give kafka.sasl.oauth.clientId, too, "
        "and in kafka.sasl.existingSecret the Secret with the client secret.",
    ),
    Refused(
        "default",
        {"kafka": {"sasl": {"existingSecret": ""}}},
        "kafka.securityProtocol is SASL_SSL, but kafka.sasl.existingSecret is empty: "
        "give the Secret with the password, or choose PLAINTEXT or SSL.",
    ),
    Refused(
        "default",
        {"kafka": {"sasl": {"existingSecret": "kafka", "username": "", "usernameKey": ""}}},
        "kafka.securityProtocol is SASL_SSL, but there is no user: "
        "give kafka.sasl.username, or in usernameKey its key in the Secret kafka.",
    ),
    Refused(
        "default",
        {"config": {"kafka": {"sasl_password": "open"}}},
        "config.kafka.sasl_password is a secret, and config becomes a ConfigMap: "
        "put it into a Secret, and name that in existingSecret.",
    ),
    Refused(
        "production",
        {"config": {"kafka": {"bootstrap_servers": "elsewhere:19092"}}},
        "config.kafka.bootstrap_servers is set, "
        "but network policies, KEDA and mounted Secrets go by kafka.bootstrapServers: set that.",
    ),
    Refused(
        "minimal",
        {"connections": {"acme": {"enabled": False}}},
        "connections has none that is enabled: give at least one by name, with baseUrl and credentials.existingSecret.",
    ),
    Refused(
        "minimal",
        {"config": {"connections": {"acmee": {"default_region": "LT"}}}},
        "config.connections.acmee is no connection that is enabled: "
        "add it to connections, with baseUrl and credentials.existingSecret.",
    ),
    Refused(
        "minimal",
        {"connections": {"acme": {"baseUrl": ""}}},
        "connections.acme.baseUrl is empty: give the URL of the vendor's API, or set enabled to false.",
    ),
    Refused(
        "minimal",
        {"connections": {"acme": {"credentials": {"existingSecret": ""}}}},
        "connections.acme.credentials.existingSecret is empty: "
        "give the Secret with its API key and webhook secret, or set enabled to false.",
    ),
    Refused(
        "minimal",
        {"publicUrl": ""},
        "publicUrl is empty, but connections.acme registers webhooks: give the https origin that the vendor calls, "
        "such as https://hooks.example.com, or set its config.webhooks.register to false.",
    ),
    Refused(
        "minimal",
        {"publicUrl": "http://hooks.example.com"},
        "publicUrl is http://hooks.example.com, but the vendor calls https alone: "
        "give an https origin, such as https://hooks.example.com.",
    ),
    Refused(
        "minimal",
        {"publicUrl": "https://hooks.example.com/pbx"},
        "publicUrl is https://hooks.example.com/pbx, which is more than an origin: "
        "give scheme, host and port alone, such as https://hooks.example.com.",
    ),
    Refused(
        "minimal",
        {
            "publicUrl": "",
            "connections": {"acme": {"config": {"webhooks": {"register": False}}}},
            "ingress": {"route": {"ingress": {"enabled": True}}},
        },
        "ingress.route.ingress.enabled is true, but there is no host: give publicUrl, or hosts there.",
    ),
    Refused(
        "minimal",
        {"ingress": {"route": {"httpRoute": {"enabled": True}}}},
        "ingress.route.httpRoute.enabled is true, but parentRefs is empty: give the Gateway that it belongs to.",
    ),
    Refused(
        "strimzi-mtls",
        {"topics": {"strimzi": {"cluster": ""}}},
        "topics.management is strimzi, but topics.strimzi.cluster is empty: give the name of the Kafka object.",
    ),
    Refused(
        "strimzi-scram",
        {"topics": {"strimzi": {"createUser": True}}, "kafka": {"sasl": {"mechanism": "SCRAM-SHA-256"}}},
        "topics.strimzi.createUser makes users of mutual TLS and SCRAM-SHA-512: set kafka.securityProtocol to SSL with "
        "kafka.tls.client.existingSecret, or kafka.sasl.mechanism to SCRAM-SHA-512, or createUser to false.",
    ),
    Refused(
        "minimal",
        {"topics": {"strimzi": {"createUser": True}}},
        "topics.strimzi.createUser is true, but topics.management is job: set that to strimzi, or createUser to false.",
    ),
    Refused(
        "minimal",
        {"fullnameOverride": "Bridge_1"},
        "the objects would be named Bridge_1, which is no name for a Service: "
        "set fullnameOverride to lower-case letters, digits and hyphens, a letter first.",
    ),
    Refused(
        "minimal",
        {"config": {"admin": {"port": 8080}}},
        "config.ingress.port and config.admin.port are both 8080: "
        "webhooks are public, the admin port never is, so give each its own.",
    ),
    Refused(
        "minimal",
        {"ingress": {"preStopSleepSeconds": 20}},
        "ingress.terminationGracePeriodSeconds is 45, but a stop takes up to 45 s: "
        "give more than preStopSleepSeconds + 25.",
    ),
    Refused(
        "minimal",
        {"worker": {"terminationGracePeriodSeconds": 44}},
        "worker.terminationGracePeriodSeconds is 44, but a stop takes up to 45 s: give at least 45.",
    ),
    Refused(
        "minimal",
        {"ingress": {"autoscaling": {"enabled": True, "minReplicas": 7, "maxReplicas": 6}}},
        "ingress.autoscaling.minReplicas is above maxReplicas: give at most 6.",
    ),
    Refused(
        "minimal",
        {"worker": {"autoscaling": {"enabled": True, "type": "hpa"}}},
        "worker.autoscaling is on, but has nothing to go by: give targetCPU, or metrics.",
    ),
    Refused(
        "keda",
        {**oauth(tokenUrl="", tokenFile="/run/token"), "worker": {"autoscaling": {"enabled": True, "type": "keda"}}},
        "worker.autoscaling.type is keda, but KEDA cannot read kafka.sasl.oauth.tokenFile: "
        "give tokenUrl, or choose hpa.",
    ),
    Refused(
        "production",
        {"monitoring": {"rules": {"thresholds": {"quarantined": None}}}},
        "monitoring.rules.thresholds has no number for ${quarantined}: "
        "leave the default, or switch the alert off in monitoring.rules.overrides.",
    ),
)
