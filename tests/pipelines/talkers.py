"""Language models made in code, of the real classes, that say exactly what a test wants.

Their weights are set by hand: the token that follows depends on the last one, and where several may
follow, on which words were read. So what is written proves what was read.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

START, END, UNKNOWN = "<|im_start|>", "<|im_end|>", "<unk>"
MARKS = (UNKNOWN, START, END)
BEGIN = "assistant"
"""The last token before an answer."""
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_JUDGES_TEMPLATE = (
    "<|im_start|>user\n{{ messages[0]['content'] }}<|im_end|>\n<|im_start|>assistant\n"
)
_CHAIN, _HEARD = 1000.0, 400.0

Grammar = Mapping[str, Sequence[str]]
"""What may follow each token."""
Triggers = Mapping[str, str]
"""Token -> the word that makes it likely where several may follow."""

SUBJECTS = ("cat", "fox", "house")
ENDINGS = {"vivid": "blazing", "natural": "gentle", "complete": "detailed", "clearer": "plain"}
"""A word of each mode's instruction, and what becomes of it."""
REWRITES: Grammar = {
    BEGIN: ["A"],
    "A": [f"{word} painted" for word in SUBJECTS],
    **{f"{word} painted": ["in"] for word in SUBJECTS},
    "in": list(ENDINGS.values()),
    **{word: ["light"] for word in ENDINGS.values()},
    "light": [END],
}
REWRITE_TRIGGERS: Triggers = {f"{word} painted": word for word in SUBJECTS} | {
    ending: word for word, ending in ENDINGS.items()
}
SAFE = "Safety: Safe\nCategories: None"
UNSAFE = "Safety: Unsafe\nCategories: Violent, Sexual Content or Sexual Acts"
CONTROVERSIAL = "Safety: Controversial\nCategories: Politically Sensitive Topics"
NONSENSE = "Safety: perhaps"
VERDICTS: Grammar = {
    BEGIN: [SAFE, UNSAFE, CONTROVERSIAL, NONSENSE],
    **{verdict: [END] for verdict in (SAFE, UNSAFE, CONTROVERSIAL, NONSENSE)},
}
VERDICT_TRIGGERS: Triggers = {UNSAFE: "knife", CONTROVERSIAL: "election", NONSENSE: "riddle"}


def save_rewriter(folder: Path, grammar: Grammar = REWRITES) -> Path:
    """`... cat ...` becomes `A cat painted in blazing light`, by subject and by mode."""
    return save(folder, grammar, REWRITE_TRIGGERS, _TEMPLATE)


def save_judge(folder: Path, grammar: Grammar = VERDICTS) -> Path:
    """A knife is unsafe, an election controversial, a riddle beyond it, all else safe."""
    return save(folder, grammar, VERDICT_TRIGGERS, _JUDGES_TEMPLATE)


def save(folder: Path, grammar: Grammar, triggers: Triggers, template: str) -> Path:
    words = [*MARKS, *grammar, *(word for after in grammar.values() for word in after)]
    words += [
        *triggers.values(),
        "user",
        "system",
        "Safety",
        "Safe",
        "Categories",
        "None",
        ":",
        "</",
    ]
    vocabulary = {word: index for index, word in enumerate(dict.fromkeys(words))}
    _tokenizer(vocabulary, template).save_pretrained(folder)
    _model(vocabulary, grammar, triggers).save_pretrained(folder)
    return folder


def _tokenizer(vocabulary: dict[str, int], template: str) -> Any:
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[START],
        chat_template=template,
    )


@torch.no_grad()
def _model(vocabulary: dict[str, int], grammar: Grammar, triggers: Triggers) -> Any:
    """One layer that averages what was read into the second half of the width."""
    count = len(vocabulary)
    head = count + count % 2
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=count,
            hidden_size=2 * head,
            intermediate_size=4,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            head_dim=head,
            max_position_embeddings=4096,
            tie_word_embeddings=False,
            eos_token_id=vocabulary[END],
            bos_token_id=None,
            pad_token_id=None,
        )
    )
    for name, weight in model.named_parameters():
        if "norm" not in name:
            weight.zero_()
    model.model.embed_tokens.weight[:, :count] = torch.eye(count)
    attention = model.model.layers[0].self_attn  # q and k are zero: it looks at all alike
    attention.v_proj.weight[:, :head] = torch.eye(head)
    attention.o_proj.weight[head:, :] = torch.eye(head)
    for last, after in grammar.items():
        for word in after:
            model.lm_head.weight[vocabulary[word], vocabulary[last]] = _CHAIN
    for word, trigger in triggers.items():
        model.lm_head.weight[vocabulary[word], head + vocabulary[trigger]] = _HEARD
    return model.eval()
