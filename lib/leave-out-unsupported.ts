import { CfnResource, type IAspect } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';

/** Resource types that the local AWS cannot create. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['AWS::Events::Archive', 'AWS::Chatbot::SlackChannelConfiguration']);

/** Alarms over several metrics are of a type that it can create, and yet fail. */
function isUnsupported(node: CfnResource): boolean {
  return UNSUPPORTED.has(node.cfnResourceType) || (CfnAlarm.isCfnAlarm(node) && node.metrics !== undefined);
}

/** For stage `local` alone: leaves out what the local AWS cannot create, and says so. */
export class LeaveOutUnsupported implements IAspect {
  private readonly report: (line: string) => void;

  constructor(report: (line: string) => void) {
    this.report = report;
  }

  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node) || !isUnsupported(node)) return;
    this.report(`local: left out ${node.cfnResourceType} ${node.node.path}\n`);
    node.node.scope?.node.tryRemoveChild(node.node.id);
  }
}
