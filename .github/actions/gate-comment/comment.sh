#!/usr/bin/env bash
# Write $TABLE into the one comment of the gate $NAME on its pull request. Which pull request that is comes from the
# event and never from the artifact, which a fork can fill as it likes; the table is text and is never run.
set -euo pipefail
if [ ! -s "$TABLE" ]; then
  echo "the gate left no table: nothing to comment"
  exit
fi
[[ $HEAD_SHA =~ ^[0-9a-f]{40,64}$ ]] || { echo "no commit: $HEAD_SHA" >&2; exit 1; }

number=$(gh api --method GET "repos/$REPOSITORY/pulls" -f state=open -f "head=$HEAD_OWNER:$HEAD_BRANCH" \
  --jq ".[] | select(.head.sha == \"$HEAD_SHA\") | .number" | head -n 1)
if [ -z "$number" ]; then
  echo "no open pull request stands at $HEAD_SHA: it was closed or has moved on"
  exit
fi

mark="<!-- kmbench gate: ${NAME//[^A-Za-z0-9._-]/} -->"
body=$(mktemp)
{
  echo "$mark"
  head -c 65000 "$TABLE" # a comment takes 65,536 characters
} >"$body"
comment=$(gh api --paginate "repos/$REPOSITORY/issues/$number/comments" \
  --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$mark\"))) | .id" | head -n 1)
if [ -n "$comment" ]; then
  gh api --method PATCH "repos/$REPOSITORY/issues/comments/$comment" -F "body=@$body" --silent
else
  gh api --method POST "repos/$REPOSITORY/issues/$number/comments" -F "body=@$body" --silent
fi
