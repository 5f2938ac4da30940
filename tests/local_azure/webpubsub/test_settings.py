import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.settings import (
    DEFAULT_ACCESS_KEY,
    EventHandler,
    GroupPresenceEvents,
    HubSettings,
    Limits,
    RecorderSettings,
    Settings,
    SettingsError,
    Times,
)

URL = "http://localhost:7071/api/{event}"
DOCUMENT = {
    "Urls": "http://localhost:8080",
    "Logging": {"LogLevel": {"Default": "Information"}},
    "WebPubSub": {
        "Hubs": {
            "Chat": {
                "AnonymousConnectPolicy": "allow",
                "WebSocketKeepAliveIntervalInSeconds": 5,
                "EventHandlers": [
                    {"UrlTemplate": URL, "SystemEvents": ["connect", "Connected"], "EventPattern": "a,b"},
                    {"UrlTemplate": "https://example.org/?code=x"},
                ],
            }
        }
    },
}


def test_the_official_shape_is_read() -> None:
    settings = Settings.from_json(DOCUMENT)

    assert settings.urls == "http://localhost:8080"
    assert settings.access_keys == (DEFAULT_ACCESS_KEY,)
    assert settings.hubs == {
        "chat": HubSettings(
            event_handlers=(
                EventHandler(URL, ("connect", "connected"), "a,b"),
                EventHandler("https://example.org/?code=x"),
            ),
            anonymous_connect_policy="allow",
            keep_alive_seconds=5.0,
        )
    }


def test_w008_hubs_are_found_in_any_letter_case_and_every_hub_exists() -> None:
    settings = Settings.from_json(DOCUMENT)

    assert settings.hub("CHAT").anonymous_connect_policy == "allow"
    assert settings.hub("other") == HubSettings()


def test_the_newest_protocol_is_on_unless_a_hub_says_otherwise() -> None:
    presence = {"eventNames": ["Joined", "left"], "groupFilters": ["chat*"]}
    settings = Settings.from_json(handler(groupPresenceEvents=presence))

    (found,) = settings.hub("chat").event_handlers
    assert found.group_presence_events == GroupPresenceEvents(("joined", "left"), ("chat*",))
    assert settings.hub("chat").invocations
    assert settings.hub("chat").streams
    assert not Settings.from_json(hub(Invocations=False)).hub("chat").invocations
    assert not Settings.from_json(hub(Streams="false")).hub("chat").streams
    assert not Settings.from_json({}, {"WebPubSub__Hubs__chat__Invocations": "False"}).hub("chat").invocations


@pytest.mark.parametrize("presence", [None, {}, {"EventNames": None, "GroupFilters": ["*"]}, {"EventNames": []}])
def test_w256_no_presence_events_are_asked_for_without_their_names(presence: object) -> None:
    (found,) = Settings.from_json(handler(GroupPresenceEvents=presence)).hub("chat").event_handlers

    assert found.group_presence_events is None


def test_the_recorder_is_on_unless_the_settings_or_the_environment_say_otherwise() -> None:
    document = {"WebPubSub": {"Recorder": {"Enabled": False, "MaxBytes": 1048576}}}

    assert Settings().recorder == RecorderSettings(enabled=True, max_bytes=32 * 1024 * 1024)
    assert Settings.from_json(document).recorder == RecorderSettings(enabled=False, max_bytes=1024 * 1024)
    assert Settings.from_json(document, {"WebPubSub__Recorder__Enabled": "true"}).recorder.enabled is True


def test_an_empty_document_gives_the_defaults() -> None:
    assert Settings.from_json({}) == Settings.from_json({"WebPubSub": {}}) == Settings()


def test_the_environment_wins_over_the_document_whatever_its_letter_case() -> None:
    settings = Settings.from_json(
        DOCUMENT,
        {
            "WebPubSub__Hubs__chat__EventHandlers__0__UrlTemplate": "http://other/{event}",
            "WEBPUBSUB__HUBS__CHAT__EVENTHANDLERS__1__SYSTEMEVENTS__0": "disconnected",
            "WebPubSub__Hubs__news__AnonymousConnectPolicy": "Allow",
            "WebPubSub__AccessKey": "k" * 32,
            "WebPubSub__SecondaryAccessKey": "s" * 32,
            "WebPubSub__AllowUnvalidatedEntraTokens": "True",
            "WebPubSub__PublicEndpoints__0": "https://Chat.Example/",
            "URLS": "http://localhost:9090",
            "WebPubSubConnectionString": "not ours",
            "WebPubSubConnectionString__serviceUri": "not ours either",
        },
    )

    first, second = settings.hub("chat").event_handlers
    assert first == EventHandler("http://other/{event}", ("connect", "connected"), "a,b")
    assert second.system_events == ("disconnected",)
    assert settings.hub("news").anonymous_connect_policy == "allow"
    assert settings.access_keys == ("k" * 32, "s" * 32)
    assert settings.allow_unvalidated_entra_tokens is True
    assert settings.public_endpoints == ("https://chat.example",)
    assert settings.urls == "http://localhost:9090"


def hub(**values: object) -> dict[str, object]:
    return {"WebPubSub": {"Hubs": {"chat": values}}}


def handler(**values: object) -> dict[str, object]:
    return hub(EventHandlers=[{"UrlTemplate": URL} | values])


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"WebPubsubb": {}}, "unknown setting WebPubsubb"),
        ({"WebPubSub": {"Hub": {}}}, "unknown setting WebPubSub:Hub"),
        ({"WebPubSub": {"Recorder": {"On": True}}}, "unknown setting WebPubSub:Recorder:On"),
        ({"WebPubSub": {"Recorder": {"Enabled": 1}}}, "WebPubSub:Recorder:Enabled must be true or false"),
        (
            {"WebPubSub": {"Recorder": {"MaxBytes": 1}}},
            "Recorder:MaxBytes must be a whole number from 1048576",
        ),
        (hub(EventHandler=[]), "unknown setting WebPubSub:Hubs:chat:EventHandler"),
        (handler(Auth={"Type": "ManagedIdentity"}), "EventHandlers:0:Auth:ManagedIdentity:Resource must name"),
        (handler(Auth={"Type": "Key"}), "EventHandlers:0:Auth:Type is 'Key'; it must be None or ManagedIdentity"),
        (handler(Auth={"ManagedIdentity": {"Resource": "x"}}), "EventHandlers:0:Auth:Type is ''"),
        (handler(Auth={"Type": "None", "Key": "x"}), "unknown setting WebPubSub:Hubs:chat:EventHandlers:0:Auth:Key"),
        (hub(EventHandlers=[{}]), "WebPubSub:Hubs:chat:EventHandlers:0 has no UrlTemplate"),
        (handler(UrlTemplate="/relative"), "absolute http or https"),
        (handler(UrlTemplate="tunnel:///x"), "absolute http or https"),
        (handler(UrlTemplate="http://{hub}.example/"), "parameter in its host"),
        (handler(UrlTemplate="http://[/"), "not a URL"),
        (handler(UrlTemplate=5), "must be a string"),
        (handler(SystemEvents=["joined"]), "joined"),
        (handler(SystemEvents=5), "must be an object"),
        (hub(EventHandlers={"x": {}}), "must be a list, and has the key 'x'"),
        (
            handler(GroupPresenceEvents={"EventNames": ["entered"]}),
            "EventHandlers:0: EventNames has 'entered'; known are",
        ),
        (
            handler(GroupPresenceEvents={"EventNames": ["joined"], "GroupFilters": ["*.*.*.*.*.*"]}),
            "GroupFilters has '.*': pattern has 6 wildcards",
        ),
        (handler(GroupPresenceEvents={"Filter": "*"}), "EventHandlers:0:GroupPresenceEvents:Filter"),
        (hub(Streams=5), "WebPubSub:Hubs:chat:Streams must be true or false"),
        (hub(Invocations="perhaps"), "WebPubSub:Hubs:chat:Invocations must be true or false"),
        (hub(EventListeners=[{"Endpoint": {}}]), "unknown setting WebPubSub:Hubs:chat:EventListeners:0:Endpoint"),
        (hub(EventListeners=[{"EventNameFilter": {"SystemEvents": ["joined"]}}]), "joined"),
        (hub(EventListeners=[{"EventNameFilter": {"Pattern": "*"}}]), "EventNameFilter:Pattern"),
        (hub(AnonymousConnectPolicy="maybe"), "must be allow or deny"),
        (hub(WebSocketKeepAliveIntervalInSeconds=121), "from 1 to 120"),
        (hub(WebSocketKeepAliveIntervalInSeconds=True), "from 1 to 120"),
        ({"WebPubSub": {"Hubs": {"1": {}}}}, "hub name"),
        ({"WebPubSub": {"Hubs": {"a": {}, "A": {}}}}, "twice"),
        ({"WebPubSub": {"AllowUnvalidatedEntraTokens": "perhaps"}}, "true or false"),
        ({"WebPubSub": {"PublicEndpoints": ["chat.example"]}}, "PublicEndpoints"),
        ({"WebPubSub": []}, None),
        ({"WebPubSub": "x"}, "must be an object"),
    ],
)
def test_wrong_settings_are_refused_with_their_path(document: dict[str, object], problem: str | None) -> None:
    if problem is None:
        assert Settings.from_json(document) == Settings()
        return
    with pytest.raises(SettingsError, match=problem):
        Settings.from_json(document)


@pytest.mark.parametrize("key", ["short", "k" * 31, " " + "k" * 32, "k" * 32 + ";", "k" * 32 + "\n", "\ud800" * 32])
def test_an_access_key_that_others_would_misread_is_refused_and_not_shown(key: str) -> None:
    for name in ("AccessKey", "SecondaryAccessKey"):
        with pytest.raises(SettingsError, match=name) as error:
            Settings.from_json({"WebPubSub": {name: key}})
        assert key not in str(error.value)


def test_an_environment_name_through_a_single_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="WebPubSub__AccessKey__0"):
        Settings.from_json({"WebPubSub": {"AccessKey": "k" * 32}}, {"WebPubSub__AccessKey__0": "x"})


def test_keys_do_not_show_when_settings_are_printed() -> None:
    assert DEFAULT_ACCESS_KEY not in repr(Settings(secondary_access_key=DEFAULT_ACCESS_KEY))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["WebPubSub", "Hubs", "chat", "EventHandlers", "UrlTemplate", "SystemEvents", "AccessKey", "0"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["WebPubSub", "webpubsub", "Urls"]), json_values),
    st.dictionaries(
        st.sampled_from(["WebPubSub__Hubs__chat", "WebPubSub__", "urls", "WebPubSub__Hubs__a__b"]), st.text()
    ),
)
def test_any_document_is_read_or_refused(document: dict[str, object], environment: dict[str, str]) -> None:
    with suppress(SettingsError):
        Settings.from_json(json.loads(json.dumps(document)), environment)


def test_the_published_bounds_are_the_defaults() -> None:
    """The defaults are those of W-079, W-084, W-104, W-106, W-107, W-126, W-143, W-176 and W-190."""
    mebibyte = 1024 * 1024

    assert Limits() == Limits(
        client_message_bytes=mebibyte,
        rest_body_bytes=mebibyte,
        handler_answer_bytes=16 * mebibyte,
        replay_messages=1000,
        replay_bytes=16 * mebibyte,
        outbound_messages=1000,
        outbound_bytes=16 * mebibyte,
        remembered_ack_ids=1000,
        open_streams=100,
        pending_invocations=100,
        pending_invocation_bytes=16 * mebibyte,
        waiting_presence_events=10_000,
        group_page_size=200,
    )
    assert Times() == Times(
        retention_seconds=30,
        handler_timeout_seconds=100,
        retry_waits_seconds=(1, 3, 5),
        validation_timeout_seconds=10,
        validation_recheck_seconds=60,
        validation_retry_seconds=1,
        validation_retry_max_seconds=60,
        close_drain_seconds=5,
        clock_skew_seconds=5 * 60,
        stream_idle_seconds=300.0,
        reconnection_token_seconds=7 * 24 * 60 * 60,
    )
    assert HubSettings().anonymous_connect_policy == "deny"
    assert HubSettings().keep_alive_seconds == 20
