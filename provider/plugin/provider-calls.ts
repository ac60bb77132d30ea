import { isDeepStrictEqual } from "node:util";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { argumentOf } from "../../sdk/secret-arguments.ts";
import { configurationReader, readConfiguration } from "../configuration.ts";
import { checkFailures } from "./check-failures.ts";
import type { CurrentRun, PluginDependencies } from "./current-run.ts";
import { checkConfiguration } from "./provider-config.ts";
import { versionWarning } from "./sdk-version.ts";
import { received } from "./values.ts";

/** The calls that concern the provider, not a resource. */
export class ProviderCalls {
  readonly #run: CurrentRun;
  readonly #dependencies: PluginDependencies;

  constructor(run: CurrentRun, dependencies: PluginDependencies) {
    this.#run = run;
    this.#dependencies = dependencies;
  }

  handshake(request: pb.ProviderHandshakeRequest): pb.ProviderHandshakeResponse {
    this.#run.begin(request.getEngineAddress());
    const answer = new pb.ProviderHandshakeResponse();
    answer.setAcceptSecrets(true);
    // References arrive as ids, which is all that an argument takes.
    answer.setAcceptResources(false);
    answer.setAcceptOutputs(false);
    answer.setSupportsAutonamingConfiguration(true);
    return answer;
  }

  attach(request: plugins.PluginAttach): void {
    this.#run.begin(request.getAddress());
  }

  getPluginInfo(): plugins.PluginInfo {
    const answer = new plugins.PluginInfo();
    answer.setVersion(this.#dependencies.version);
    return answer;
  }

  getSchema(): pb.GetSchemaResponse {
    const answer = new pb.GetSchemaResponse();
    answer.setSchema(this.#dependencies.schema);
    return answer;
  }

  async checkConfig(request: pb.CheckRequest): Promise<pb.CheckResponse> {
    const news = received(request.getNews());
    const warning = versionWarning(news.value.version, this.#dependencies.version);
    if (warning !== undefined) await this.#run.log.message(request.getUrn(), "warning", warning);
    const answer = new pb.CheckResponse();
    answer.setInputs(request.getNews());
    answer.setFailuresList(checkFailures(checkConfiguration(news)));
    return answer;
  }

  /** The engine also asks this where a resource gets another provider: a replace here would replace every resource. */
  diffConfig(request: pb.DiffRequest): pb.DiffResponse {
    const olds = received(request.getOldInputs() ?? request.getOlds()).value;
    const news = received(request.getNews()).value;
    const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
    const changed = names.filter((name) => !isDeepStrictEqual(olds[name], news[name]));
    const answer = new pb.DiffResponse();
    const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
    answer.setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME);
    answer.setDiffsList(changed);
    return answer;
  }

  configure(request: pb.ConfigureRequest): pb.ConfigureResponse {
    const { value, secrets } = received(request.getArgs());
    const secretNames = secrets.map(argumentOf);
    const configuration = readConfiguration(configurationReader(value), secretNames);
    this.#run.configure(configuration, secretNames.includes("uri"));
    const answer = new pb.ConfigureResponse();
    answer.setAcceptsecrets(true);
    answer.setSupportspreview(true);
    answer.setAcceptresources(false);
    answer.setAcceptoutputs(false);
    answer.setSupportsAutonamingConfiguration(true);
    return answer;
  }
}
