# The message of the comparison, by apprise. It goes to any server that takes JSON, because the Slack plugin posts only to Slack.
exec apprise --title "$CI_PROJECT_NAME" --body "$CI_ENVIRONMENT_NAME: deploy started, by $GITLAB_USER_NAME, $CI_JOB_URL" "json${SLACK_WEBHOOK_URL#http}"
