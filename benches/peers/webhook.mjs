// The message of the comparison, by Slack's own client.
import { IncomingWebhook } from '@slack/webhook'

const { CI_PROJECT_NAME: project, CI_ENVIRONMENT_NAME: environment, GITLAB_USER_NAME: user, CI_JOB_URL: url } = process.env
const text = `[${project}] ${environment}: deploy started, by ${user}`
await new IncomingWebhook(process.env.SLACK_WEBHOOK_URL).send({
  text,
  blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `*${project}* ${environment}: deploy started, by ${user}, <${url}|job>` } }],
})
