"""The curl examples of both API documents, and what a reader does with them.

One change: the Seedream example is published with its apostrophes as three quotes, which no shell
takes (the text ends there and the rest becomes host names); here they are quoted rightly.
"""

import json
import subprocess
from typing import Any

SEEDREAM = r"""curl -X POST "https://gptproto.com/api/v3/images/generations" \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
  "model": "doubao-seedream-4-0-250828",
  "prompt": "Fisheye lens, a cat'"'"'s head, the picture shows the cat'"'"'s facial features are distorted due to the shooting method.",
  "response_format": "url",
  "size": "adaptive",
  "seed": 12,
  "guidance_scale": 2.5,
  "watermark": true
}'
"""  # noqa: E501 - as published

SEEDREAM_REFERENCE = r"""curl --request POST \
  --url https://gptproto.com/api/v3/images/generations \
  --header 'Authorization: <authorization>' \
  --header 'Content-Type: application/json' \
  --data '{
  "model": "<string>",
  "prompt": "<string>",
  "response_format": "<string>",
  "size": "<string>",
  "seed": 123,
  "guidance_scale": 123,
  "watermark": true
}'
"""

DALL_E_2 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "A cute orange cat sitting in sunlight",
"model": "dall-e-2",
"n": 1,
"size": "1024x1024",
"response_format": "url"
}'
"""

DALL_E_3 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "Futuristic cityscape with neon lights, cyberpunk style",
"model": "dall-e-3",
"quality": "hd",
"style": "vivid",
"size": "1792x1024"
}'
"""

GPT_IMAGE_1 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "A blooming magnolia flower with blurred background, photography style",
"model": "gpt-image-1",
"background": "transparent",
"output_format": "png",
"output_compression": 85,
"moderation": "low",
"n": 2
}'
"""

EXAMPLES = {
    "seedream-4": SEEDREAM,
    "dall-e-2": DALL_E_2,
    "dall-e-3": DALL_E_3,
    "gpt-image-1": GPT_IMAGE_1,
}


def paste(command: str, url: str, key: str) -> tuple[int, dict[str, Any]]:
    """Run a published command in a shell; only the host and the key are ours."""
    for host in ("https://gptproto.com", "https://api.example.com"):
        command = command.replace(host, url)
    command = command.replace("YOUR_API_KEY", key).replace("<authorization>", f"Bearer {key}")
    command = command.replace("curl ", r"curl -sS -w '\n%{http_code}' ", 1)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)
