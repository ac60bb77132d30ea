import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type structs from "google-protobuf/google/protobuf/struct_pb.js";
import { DYNAMIC_PROVIDER } from "../../sdk/dynamic-type.ts";
import type { Inputs } from "../args/inputs.ts";
import { isWithin } from "../args/property-path.ts";
import type { SecretMarked } from "../args/secrets.ts";
import { defined } from "../defined.ts";
import { previewedCreation } from "../foreseen/creation.ts";
import { foreseenUpdate } from "../foreseen/update.ts";
import { withLeftOffline } from "../operations/left-offline.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { maskedPlan } from "../secret-operation.ts";
import { packedState, unpackedState } from "../state-format.ts";
import { named } from "./autonaming.ts";
import { checkFailures } from "./check-failures.ts";
import type { CurrentRun } from "./current-run.ts";
import { changedNames, detailedDiff } from "./difference.ts";
import { findDomain } from "./find-domain.ts";
import { listDomains } from "./list-domains.ts";
import { secretMarks, withMarks, withMarksAt } from "./secrets.ts";
import { type Properties, type Received, received, sent } from "./values.ts";

/** The calls that concern a resource: each is an operation between Pulumi's form of its properties and ours. */
export class ResourceCalls {
  readonly #run: CurrentRun;

  constructor(run: CurrentRun) {
    this.#run = run;
  }

  async check(request: pb.CheckRequest): Promise<pb.CheckResponse> {
    const urn = request.getUrn();
    const recorded = received(request.getOlds()).value;
    const olds = recorded.uuid === undefined ? recorded : { ...hidden(urn), ...recorded };
    const given = received(request.getNews());
    const { session } = this.#run.configured;
    const program = await named(
      session,
      { urn, olds, news: ofProgram(given.value, olds) },
      request.getAutonaming(),
    );
    const news = { ...program.value, ...hidden(urn), ...secretMarks(given) };
    // Engines from 3.270 on send the outputs too.
    const { uri } = received(request.getOldOutputs()).value;
    if (typeof uri === "string") session.run.of(urn).uri = uri;
    const { inputs, failures } = await this.#run.configured.operations.check(olds, news);
    if (olds.uuid === undefined && failures.length === 0)
      await this.#run.configured.missingUri.noteNew(inputs as Partial<Inputs>);
    const others = failures.filter(
      ({ property }) => !given.failures.some((refused) => isWithin(property, refused.property)),
    );
    const answer = new pb.CheckResponse();
    answer.setInputs(sent(withoutHidden(inputs)));
    answer.setFailuresList(checkFailures([...given.failures, ...program.failures, ...others]));
    return answer;
  }

  async diff(request: pb.DiffRequest): Promise<pb.DiffResponse> {
    const state = this.#stateOf(request.getOlds(), request.getUrn()).value;
    const news = checked(request.getNews(), request.getUrn());
    const result = await this.#run.configured.operations.diff(request.getId(), state, news);
    await this.#run.configured.missingUri.noteSibling(state as unknown as Outputs);
    const oldInputs = received(request.getOldInputs()).value;
    const difference = detailedDiff({ oldInputs, news, outputs: state, answer: result });
    const answer = new pb.DiffResponse();
    const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
    answer.setChanges(result.changes === false ? DIFF_NONE : DIFF_SOME);
    answer.setReplacesList(result.replaces ?? []);
    answer.setDeletebeforereplace(result.deleteBeforeReplace);
    answer.setDiffsList(changedNames(difference));
    answer.setHasdetaileddiff(true);
    for (const [path, { kind, inputDiff }] of Object.entries(difference)) {
      const property = new pb.PropertyDiff();
      property.setKind(pb.PropertyDiff.Kind[kind]);
      property.setInputdiff(inputDiff);
      answer.getDetaileddiffMap().set(path, property);
    }
    return answer;
  }

  async create(request: pb.CreateRequest): Promise<pb.CreateResponse> {
    const inputs = checked(request.getProperties(), request.getUrn());
    const answer = new pb.CreateResponse();
    if (request.getPreview()) {
      const preview = () => this.#previewedCreate(inputs as unknown as Inputs);
      answer.setProperties(sent(await this.#run.configured.operations.keeping([inputs], preview)));
      return answer;
    }
    const { id, outs } = await this.#run.configured.operations.create(inputs, request.getTimeout());
    answer.setId(id);
    answer.setProperties(sent(outs));
    return answer;
  }

  async update(request: pb.UpdateRequest): Promise<pb.UpdateResponse> {
    const state = this.#stateOf(request.getOlds(), request.getUrn()).value;
    const news = checked(request.getNews(), request.getUrn());
    const answer = new pb.UpdateResponse();
    if (request.getPreview()) {
      const preview = async () => this.#previewedUpdate(unpackedState(state), news as unknown as Inputs);
      answer.setProperties(sent(await this.#run.configured.operations.keeping([state, news], preview)));
      return answer;
    }
    const { outs } = await this.#run.configured.operations.update(
      request.getId(),
      state,
      news,
      request.getTimeout(),
    );
    answer.setProperties(sent(outs));
    return answer;
  }

  async read(request: pb.ReadRequest): Promise<pb.ReadResponse> {
    const state = this.#stateOf(request.getProperties(), request.getUrn());
    const answer = new pb.ReadResponse();
    if (state.value.__observed === undefined) {
      const { operations, mark } = this.#run.configured;
      const find = () => this.#find(request, state);
      const { id, inputs, outs } = await operations.keeping([withMarks(state)], find);
      answer.setId(id);
      answer.setProperties(
        sent(withMarksAt(mark(packedState(outs)) as unknown as Properties, state.secrets)),
      );
      answer.setInputs(sent(withoutHidden(mark(inputs))));
      return answer;
    }
    const { id, props, inputs } = await this.#run.configured.operations.read(
      request.getId(),
      state.value,
      request.getTimeout(),
    );
    answer.setId(id);
    if (id === "") return answer;
    // A state of an earlier version doesn't note what is secret in it.
    answer.setProperties(sent(withMarksAt(props as Properties, state.secrets)));
    answer.setInputs(inputs === undefined ? request.getInputs() : sent(withoutHidden(inputs)));
    return answer;
  }

  async delete(request: pb.DeleteRequest): Promise<void> {
    const state = this.#stateOf(request.getProperties(), request.getUrn()).value;
    await this.#run.configured.operations.delete(request.getId(), state, request.getTimeout());
  }

  list(request: pb.ListRequest): Promise<pb.ListResponse[]> {
    return listDomains(this.#run.configured, request);
  }

  #stateOf(struct: structs.Struct | undefined, urn: string): Received {
    const state = received(struct);
    this.#run.noteUrn(state.value.__urn, urn);
    return state;
  }

  #find(request: pb.ReadRequest, { value }: Received) {
    const urn = request.getUrn();
    const uri = typeof value.uri === "string" ? value.uri : undefined;
    const isImport = !request.hasProperties();
    const wanted = { id: request.getId(), urn, uri, isImport, hidden: hidden(urn) };
    return findDomain(this.#run.configured.session, wanted);
  }

  async #previewedCreate(inputs: Inputs): Promise<Properties> {
    return this.#foreseen(inputs, await previewedCreation(this.#run.configured.session, inputs));
  }

  #previewedUpdate(state: Outputs, news: Inputs): Properties {
    const { session } = this.#run.configured;
    const { announced, seen } = session.run.of(news.__urn);
    if (announced === undefined) return this.#foreseen(news, { ...echoedInputs(state), ...news });
    const { defaults } = session;
    const known = withLeftOffline(state, news, defaults);
    const outs = foreseenUpdate({ state: known, news, announced, seen, defaults });
    // Check has masked its own plan. Without a route to the host, it is made from the state.
    const { memoryPlan } = outs;
    if (typeof memoryPlan === "string") outs.memoryPlan = maskedPlan(memoryPlan, state, news);
    return this.#foreseen(news, outs);
  }

  /** The previewed outputs with the marks of the inputs. */
  #foreseen({ __secret, __secrets }: SecretMarked, outs: Properties): Properties {
    const marks = defined({ __secret, __secrets });
    const { __secret: _, __secrets: __, ...marked } = this.#run.configured.mark({ ...outs, ...marks });
    return marked;
  }
}

/** What the class of the dynamic provider passes on: after a stack has moved back, the host that it names reads and deletes domains. */
function hidden(urn: string): Pick<Inputs, "__urn" | "__provider"> {
  return { __urn: urn, __provider: DYNAMIC_PROVIDER };
}

/** Inputs as the state keeps them. Each request names the URN, and the plugin is found without what names the dynamic provider. */
function withoutHidden(inputs: object): Properties {
  const { __urn: _, __provider: __, ...kept }: Properties = { ...inputs };
  return kept;
}

/** The inputs that check returned, with those that their state leaves out. */
function checked(struct: structs.Struct | undefined, urn: string): Properties {
  return { ...withMarks(received(struct)), ...hidden(urn) };
}

/**
 * What a program may set. An import checks the inputs that its own read returned, which include the UUID, and the marks of secrets:
 * these follow from the values' own wrappings.
 */
function ofProgram(
  { uuid, __secret, __secrets, __hosts, ...news }: Properties,
  olds: Properties,
): Properties {
  return uuid === undefined || uuid === olds.uuid ? news : { ...news, uuid };
}
