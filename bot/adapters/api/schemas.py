"""What the answers look like, for the description at /docs. Nothing is checked against them at run time."""

from typing import Any

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """A no of inference.sh and of the native jobs (RFC 9457)."""

    type: str = Field(examples=["https://pinxit.invalid/errors/not_found"])
    title: str
    status: int
    detail: str
    param: str | None = None


class OpenAIErrorDetail(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """A no of OpenAI Images."""

    error: OpenAIErrorDetail


class ZImageTurboError(BaseModel):
    """A no of zimageturbo.ai."""

    code: int
    message: str
    data: None


class TaskView(BaseModel):
    """A task. `status` is 2 queued, 7 running, 8 cancelling, 10 completed, 11 failed, 12 cancelled."""

    id: str
    short_id: str
    app: str
    status: int
    input: dict[str, Any]
    output: dict[str, Any] | None
    error: str
    logs: list[str]
    progress: float
    session_id: None
    webhook: str | None
    created_at: str
    updated_at: str


class TaskAnswer(BaseModel):
    """A task in its envelope."""

    data: TaskView
    messages: list[Any]


class TaskStatus(BaseModel):
    """A task's state alone."""

    id: str
    status: int
    updated_at: str


class TaskStatusAnswer(BaseModel):
    """A task's state in its envelope."""

    data: TaskStatus
    messages: list[Any]


class FileView(BaseModel):
    """A sent file."""

    id: str
    uri: str
    filename: str
    content_type: str
    size: int | None
    created_at: str


class FileAnswer(BaseModel):
    """A sent file in its envelope."""

    data: FileView
    messages: list[Any]


class AnnouncedFile(FileView):
    """A file to come, and where to send its bytes."""

    upload_url: str


class AnnouncedAnswer(BaseModel):
    """Files to come in their envelope."""

    data: list[AnnouncedFile]
    messages: list[Any]


class TaskFile(FileView):
    """A file that a task took or made."""

    role: str


class TaskFilesAnswer(BaseModel):
    """Files of a task in their envelope."""

    data: list[TaskFile]
    messages: list[Any]


class Deletion(BaseModel):
    """Ids of files that are gone, and of those that are not."""

    deleted: list[str]
    skipped: list[dict[str, Any]]


class DeletionAnswer(BaseModel):
    """A deletion in its envelope."""

    data: Deletion
    messages: list[Any]


class ModelView(BaseModel):
    """A model."""

    id: str
    object: str
    created: int
    owned_by: str


class ModelsAnswer(BaseModel):
    """The models."""

    object: str
    data: list[ModelView]


class Datum(BaseModel):
    """One picture, in one of two forms."""

    url: str | None = None
    b64_json: str | None = None


class Usage(BaseModel):
    """Tokens, roughly; the price is in credits."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: dict[str, int]


class ImagesAnswer(BaseModel):
    """Finished pictures."""

    created: int
    data: list[Datum]
    size: str
    quality: str
    background: str
    output_format: str
    usage: Usage


class GenerateData(BaseModel):
    """An accepted order."""

    task_id: str
    status: str


class GenerateAnswer(BaseModel):
    """An accepted order in its envelope."""

    code: int
    message: str
    data: GenerateData


class StatusRequest(BaseModel):
    """What was ordered."""

    prompt: str
    size: str = Field(examples=["1024*1024"])
    seed: str


class StatusData(BaseModel):
    """How an order stands: IN_PROGRESS, SUCCESS or FAILED."""

    status: str
    task_id: str
    request: StatusRequest
    response: list[str]
    consumed_credits: int
    created_at: str
    error_message: str | None


class StatusAnswer(BaseModel):
    """How an order stands, in its envelope."""

    code: int
    message: str
    data: StatusData


FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"*/*": {}}},
    206: {"description": "The part that was asked for", "content": {"*/*": {}}},
    304: {"description": "Whoever asks has it already: `If-None-Match`"},
    307: {"description": "Where it lies in the object store"},
    416: {"description": "There is no such part"},
}
