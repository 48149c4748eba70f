# The message of the comparison, as people write it by hand.
body=$(jq -n --arg project "$CI_PROJECT_NAME" --arg environment "$CI_ENVIRONMENT_NAME" --arg user "$GITLAB_USER_NAME" --arg url "$CI_JOB_URL" '
  {text: "[\($project)] \($environment): deploy started, by \($user)",
   blocks: [{type: "section", text: {type: "mrkdwn", text: "*\($project)* \($environment): deploy started, by \($user), <\($url)|job>"}}]}')
curl --silent --show-error --fail --header 'Content-Type: application/json' --data "$body" "$SLACK_WEBHOOK_URL" >/dev/null
