import { Aspects, CfnResource, Stack, type IAspect, type RemovalPolicy } from 'aws-cdk-lib';
import { StringParameter, type IStringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct, type IConstruct } from 'constructs';

/** After the aspects that add tags. */
const LAST = 900;

/**
 * The parameter with the one switch over all money. People own its value, and any update by CloudFormation would write
 * the template's over it. So nothing of it ever changes: neither its properties, which are those of the first release,
 * nor the tags, which CloudFormation hands down from the stack. See docs/adr/015.
 */
export class StopSwitch extends Construct {
  readonly parameter: IStringParameter;

  constructor(
    scope: Construct,
    id: string,
    {
      prefix,
      stage,
      removalPolicy,
    }: { readonly prefix: string; readonly stage: string; readonly removalPolicy: RemovalPolicy },
  ) {
    super(scope, id);
    const tags = { project: 'purple-flea-pipeline', stage };
    const resource = new CfnResource(this, 'Resource', {
      type: 'AWS::SSM::Parameter',
      properties: {
        AllowedPattern: '^(running|reducing|halted)$',
        Description: 'running; reducing: no new outflow, what is locked may be settled; halted: nothing is sent',
        Name: `/${prefix}/stop`,
        Tags: tags,
        Type: 'String',
        Value: 'running',
      },
    });
    resource.applyRemovalPolicy(removalPolicy);
    this.parameter = StringParameter.fromStringParameterAttributes(this, 'Parameter', {
      parameterName: resource.ref,
      simpleName: false,
    });
    Aspects.of(Stack.of(this)).add(new KeepStackTags(Object.keys(tags)), { priority: LAST });
  }
}

/** Keeps other tags off the stack itself; its other resources may have them. */
class KeepStackTags implements IAspect {
  private readonly keys: readonly string[];

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  visit(node: IConstruct): void {
    if (!Stack.isStack(node)) return;
    for (const key of Object.keys(node.tags.tagValues())) {
      if (!this.keys.includes(key)) node.tags.removeTag(key, Infinity);
    }
  }
}
