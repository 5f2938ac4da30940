"""Records the conversation of clients, service and app into a file, and plays it again to compare."""

from local_azure.recording.client_player import ReplayFailed
from local_azure.recording.comparison import Difference, Mismatch, RecordingDiffers, compare_recordings
from local_azure.recording.file_format import InvalidRecording, Step, StepKind, read_recording
from local_azure.recording.recording_file import RecordingFailed, record
from local_azure.recording.replay import Replayed, ReplayOptions, replay, replay_remotely

__all__ = [
    "Difference",
    "InvalidRecording",
    "Mismatch",
    "RecordingDiffers",
    "RecordingFailed",
    "ReplayFailed",
    "ReplayOptions",
    "Replayed",
    "Step",
    "StepKind",
    "compare_recordings",
    "read_recording",
    "record",
    "replay",
    "replay_remotely",
]
