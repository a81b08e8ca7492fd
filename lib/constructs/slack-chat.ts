import { LoggingLevel, SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** A channel of a Slack workspace in which the account's Amazon Q Developer is installed. */
export interface SlackChannel {
  readonly slackWorkspaceId: string;
  readonly slackChannelId: string;
}

/**
 * A line as the chat takes it: a custom notification (https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html).
 * What is not of this shape, nor a message of a known service, is dropped there.
 *
 * @param name kebab-case, of the kind of line.
 * @param text may have fields of the event in it.
 */
export function chatMessage(prefix: string, name: string, text: string): RuleTargetInput {
  return RuleTargetInput.fromObject({
    version: '1.0',
    source: 'custom',
    content: { textType: 'client-markdown', title: `${prefix}: ${name.replaceAll('-', ' ')}`, description: text },
  });
}

/**
 * Hands topics on to a Slack channel, by Amazon Q Developer in chat applications (once AWS Chatbot). One way: the channel's role
 * may do nothing, its guardrail denies everything, and nobody acts by it.
 */
export class SlackChat extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { prefix, channel, topics }: { readonly prefix: string; readonly channel: SlackChannel; readonly topics: ITopic[] },
  ) {
    super(scope, id);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('chatbot.amazonaws.com'),
      description: `What the Slack channel of ${prefix} may do in AWS: nothing`,
    });
    void new SlackChannelConfiguration(this, 'Channel', {
      slackChannelConfigurationName: prefix,
      slackWorkspaceId: channel.slackWorkspaceId,
      slackChannelId: channel.slackChannelId,
      role,
      guardrailPolicies: [ManagedPolicy.fromAwsManagedPolicyName('AWSDenyAll')],
      userRoleRequired: true,
      loggingLevel: LoggingLevel.ERROR,
      notificationTopics: topics,
    });
  }
}
