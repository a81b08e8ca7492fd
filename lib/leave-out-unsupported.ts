import { CfnResource, type IAspect } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Resource types that the local AWS cannot create. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['AWS::Events::Archive']);

/** For stage `local` alone: leaves out what the local AWS cannot create, and says so. */
export class LeaveOutUnsupported implements IAspect {
  private readonly report: (line: string) => void;

  constructor(report: (line: string) => void) {
    this.report = report;
  }

  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node) || !UNSUPPORTED.has(node.cfnResourceType)) return;
    this.report(`local: left out ${node.cfnResourceType} ${node.node.path}\n`);
    node.node.scope?.node.tryRemoveChild(node.node.id);
  }
}
