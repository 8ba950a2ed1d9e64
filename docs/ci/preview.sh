#!/usr/bin/env bash
# What a pull request's pipeline does, the same on every forge: the estate in words, the rules, a preview of every stack, one comment.
#
#   BASE     the revision to compare the estate with (a commit or origin/main)
#   STACKS   the stacks to preview, parted by spaces
#   OUT      where reports go; out unless set
#
# Exit codes are those of incline: 0 nothing stands in the way, 1 findings or a refused preview, 2 an error of tool or data.
# Nothing is changed but the comment. A rule that fails does not keep the other stacks from being previewed: people want the whole answer.
set -uo pipefail

: "${BASE:?set BASE to the revision that the change is compared with}"
: "${STACKS:?set STACKS to the stacks to preview}"
OUT="${OUT:-out}"
rm -rf "$OUT/preview" && mkdir -p "$OUT/preview" "$OUT/policy" || exit 2
OUT="$(cd "$OUT" && pwd)" # the policy pack runs in another folder

incline estate validate || exit $?
incline estate diff "$BASE" > "$OUT/changes.txt" || exit $?

# The declared estate by all rules. A capacity snapshot, if the project keeps a fresh one, is taken from out/capacity.json.
incline check --report "$OUT/check" --annotations > "$OUT/check.txt"
answer=$?
tail -n 1 "$OUT/check.txt"
[ "$answer" -le 1 ] || exit "$answer"

for stack in $STACKS; do
  echo "preview of $stack"
  if ! INCLINE_POLICY_REPORT="$OUT/policy/$stack.json" pulumi preview --refresh --diff --non-interactive --color never \
      --suppress-outputs --stack "$stack" --policy-pack policies > "$OUT/preview/$stack.txt" 2>&1; then
    touch "$OUT/preview/$stack.failed"
    tail -n 25 "$OUT/preview/$stack.txt"
    answer=1
  fi
done

incline ci comment --changes "$OUT/changes.txt" --check "$OUT/check" --previews "$OUT/preview" ${COMMENT:+--yes} > "$OUT/comment.md" || exit 2
exit "$answer"
