# The message of the comparison, by apprise: to any server that takes JSON, for its Slack plugin goes to Slack alone.
exec apprise --title "$CI_PROJECT_NAME" --body "$CI_ENVIRONMENT_NAME: deploy started, by $GITLAB_USER_NAME, $CI_JOB_URL" "json://${SLACK_WEBHOOK_URL#http://}"
