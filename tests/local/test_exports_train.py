"""What is exported loads into `datasets` and trains a step with trl, unchanged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

os.environ["HF_HUB_OFFLINE"] = "1"
REASON = "needs trl, datasets, transformers and torch"
datasets = pytest.importorskip("datasets", reason=REASON)
torch = pytest.importorskip("torch", reason=REASON)
transformers = pytest.importorskip("transformers", reason=REASON)
trl = pytest.importorskip("trl", reason=REASON)

pytestmark = [pytest.mark.local, pytest.mark.filterwarnings("default")]  # these libraries' own warnings are theirs

Export = Callable[..., Path]
SAMPLES = ROOT / "samples" / "conversations.jsonl"
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def export(cli: Callable[..., Result]) -> Export:
    """Split the samples and export them; the path."""

    def run(form: str, *options: str) -> Path:
        assert 0 == cli("conversations", "split", SAMPLES, "--out", "split.jsonl", "--force").status
        out = Path("folder" if form == "dataset" else "rows.jsonl")
        done = cli("conversations", "export", "split.jsonl", "--format", form, "--out", out, *options)
        assert 0 == done.status, done.err
        return out

    return run


def tokenizer() -> Any:
    """Bytes as tokens, and a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    marks = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    bytewise = Tokenizer(models.BPE({each: number for number, each in enumerate(alphabet)}, []))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    bytewise.add_special_tokens(marks)
    found = transformers.PreTrainedTokenizerFast(tokenizer_object=bytewise, pad_token=marks[0], eos_token=marks[1])
    found.chat_template = TEMPLATE
    return found


def load(path: Path, tmp_path: Path) -> Any:
    """All splits of a folder, from no cache."""
    return datasets.load_dataset(str(path.absolute()), cache_dir=str(tmp_path / "cache"))


def train(rows: Any, tmp_path: Path, *, max_length: int | None = 512) -> Any:
    """One step of a tiny model; the trainer when it is done."""
    own = tokenizer()
    shape = transformers.LlamaConfig(
        vocab_size=len(own),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=own.pad_token_id,
        eos_token_id=own.eos_token_id,
    )
    settings = trl.SFTConfig(
        output_dir=str(tmp_path / "trained"),
        max_steps=1,
        per_device_train_batch_size=2,
        max_length=max_length,
        report_to="none",
        use_cpu=True,
        save_strategy="no",
        bf16=False,
    )
    model = transformers.LlamaForCausalLM(shape)
    trainer = trl.SFTTrainer(model=model, args=settings, train_dataset=rows, processing_class=own)
    trainer.train()
    return trainer


def losses(trainer: Any) -> list[float]:
    """The loss of each step."""
    return [each["train_loss"] for each in trainer.state.log_history if "train_loss" in each]


FIELDS = ["id", "prompt_group", "domain", "patterns", "phase", "split", "provenance"]


@pytest.mark.parametrize(
    ("rows", "form", "include"),
    [
        (40, "messages", []),
        (40, "messages", FIELDS),
        (40, "openai", []),
        (56, "prompt-completion", []),
        (56, "prompt-completion", FIELDS),
    ],
)
def test_rows_train_a_step(rows: int, form: str, include: list[str], export: Export, tmp_path: Path) -> None:
    """As they are, and with every other field beside them where the format holds any."""
    options = [word for field in include for word in ("--include", field)]
    found = datasets.Dataset.from_json(str(export(form, *options)), cache_dir=str(tmp_path / "cache"))
    assert rows == len(found)
    (loss,) = losses(train(found, tmp_path))
    assert 0 < loss < 100


def test_only_the_completion_is_learned(export: Export, tmp_path: Path) -> None:
    """Of a row of prompt and completion, every token of the prompt is masked and none of the completion's."""
    (row, *_) = map(json.loads, export("prompt-completion").read_text("utf-8").splitlines())
    trainer = train(datasets.Dataset.from_list([row] * 2), tmp_path, max_length=None)
    (batch, *_) = trainer.get_train_dataloader()
    learned = batch["input_ids"][0][batch["labels"][0] != -100]
    text = trainer.processing_class.decode(learned, skip_special_tokens=True)
    assert row["completion"][0]["content"] == text.strip()


def test_a_dataset_folder_loads_by_its_card(export: Export, tmp_path: Path) -> None:
    """Each split with its rows, every column with the type that the card states."""
    folder = export("dataset")
    found = load(folder, tmp_path)
    assert {"train": 36, "validation": 4} == {split: len(rows) for split, rows in found.items()}
    features = found["train"].features
    assert features == found["validation"].features
    assert "string" == features["provenance"]["date"].dtype
    assert "bool" == features["provenance"]["consent"].dtype
    written = [json.loads(line) for line in (folder / "data" / "validation.jsonl").read_text("utf-8").splitlines()]
    assert written == list(found["validation"])


def test_a_column_that_says_something_in_one_file_only_is_one_column(
    cli: Callable[..., Result], tmp_path: Path
) -> None:
    """The card states the types, so that nulls in one file and texts in another fit together."""
    lines = [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()[:2]]
    lines[0] |= {"split": "train", "patterns": [], "provenance": {"author": "A. Author"}}
    lines[1] |= {"split": "validation", "prompt_group": "another"}
    lines[1]["provenance"] |= {"model": "a model", "consent": True}
    Path("in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
    assert 0 == cli("conversations", "export", "in.jsonl", "--format", "dataset", "--out", "folder").status
    found = load(Path("folder"), tmp_path)
    assert [None, "a model"] == [found[split][0]["provenance"]["model"] for split in ("train", "validation")]
    assert [] == found["train"][0]["patterns"]


def test_a_dataset_folder_trains_a_step(export: Export, tmp_path: Path) -> None:
    """With all its columns."""
    (loss,) = losses(train(load(export("dataset"), tmp_path)["train"], tmp_path))
    assert 0 < loss < 100
