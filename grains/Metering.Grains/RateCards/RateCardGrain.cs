using Metering.Contracts;
using Metering.Core;
using Metering.Core.Pricing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Placement;
using Orleans.Serialization;
using RateCardDraft = Metering.Contracts.RateCardDraft;

namespace Metering.Grains;

/// <summary>One rate card: publishes its versions, in order, each durable before it is answered, and remembers them all.</summary>
/// <remarks>
/// Placed by its hash, so that two silos that both find no activation of a card choose the same place for it. Should two exist all the same, the storage's ETag lets one of them
/// publish; the other gives up.
/// </remarks>
[HashBasedPlacement]
public sealed class RateCardGrain(
    [PersistentState("rate-card", "accounts")] IPersistentState<RateCardState> state,
    RateCards rateCards,
    Serializer<RateCardDraft> serializer,
    IOptions<RateCardOptions> options,
    TimeProvider timeProvider,
    ILogger<RateCardGrain> logger) : Grain, IRateCardGrain
{
    private readonly RateCardOptions _options = options.Value;

    private string Id => this.GetPrimaryKeyString();

    private List<StoredRateCardVersion> Versions => state.State.Versions;

    private StoredRateCardVersion? Latest => Versions.Count == 0 ? null : Versions[^1];

    public async Task<Answer<PublishReply>> Publish(RateCardDraft draft)
    {
        var faults = new List<FieldFault>();
        if (!Names.IsName(Id))
        {
            faults.Add(new FieldFault("id", FaultCodes.BadFormat, "Must be 1 to 128 of A-Z a-z 0-9 . _ : -"));
        }

        var now = Now();
        var effectiveFrom = (draft.EffectiveFrom ?? EarliestEffectiveFrom(now)).ToUniversalTime();
        var version = RateCardMapping.Build(Id, (Latest?.Version ?? 0) + 1, effectiveFrom, draft, out var found);
        faults.AddRange(found);
        var contentHash = version is null ? "" : RateCardContent.Hash(draft);

        // Idempotency comes before time: a retry arrives later, and must not hear that what it published is in the past.
        if (faults.Count == 0 && IsLatest(contentHash, draft.EffectiveFrom))
        {
            return Reply(Latest!);
        }

        CheckEffectiveFrom(draft.EffectiveFrom, now, faults);
        if (faults.Count > 0)
        {
            return Refusal.Invalid(faults);
        }

        return await Store(version!, contentHash, now, serializer.SerializeToArray(draft));
    }

    public Task<Answer<RateCardView>> Get(int? version)
    {
        var stored = version is null ? Latest : Versions.Find(stored => stored.Version == version);
        return Task.FromResult<Answer<RateCardView>>(stored is not null
            ? View(stored)
            : new Refusal
            {
                Code = Code.RateCardNotFound,
                Detail = version is null || Latest is null ? $"There is no rate card {Id}." : $"Rate card {Id} has no version {version}.",
            });
    }

    public Task<IReadOnlyList<RateCardView>> GetAfter(int version) =>
        Task.FromResult<IReadOnlyList<RateCardView>>([.. Versions.Where(stored => stored.Version > version).Select(View)]);

    private async Task<Answer<PublishReply>> Store(RateCardVersion version, string contentHash, DateTimeOffset now, byte[] draft)
    {
        if (Versions.Count >= _options.MaxVersions || Versions.Sum(stored => (long)stored.Draft.Length) + draft.Length > _options.MaxStoredBytes)
        {
            return new Refusal
            {
                Code = Code.OutOfRange,
                Detail = $"Rate card {Id} is full: it keeps {_options.MaxVersions} versions of {_options.MaxStoredBytes} bytes in all. Publish under another id.",
            };
        }

        var stored = new StoredRateCardVersion
        {
            Version = version.Version,
            EffectiveFrom = version.EffectiveFrom,
            PublishedAt = now,
            ContentHash = contentHash,
            Draft = draft,
        };
        Versions.Add(stored);
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception exception)
        {
            // The write may have landed all the same, so memory can no longer be trusted: give up this activation and let the
            // next one read the truth. The publisher sends it again, and a version that did land answers for itself.
            Versions.Remove(stored);
            DeactivateOnIdle();
            Log.RateCardNotWritten(logger, Id, stored.Version, exception);
            return new Refusal { Code = Code.Unavailable, Detail = $"Version {stored.Version} of rate card {Id} could not be stored; send it again." };
        }

        rateCards.Publish(version);
        Log.RateCardPublished(logger, Id, stored.Version, stored.EffectiveFrom);
        return Reply(stored);
    }

    // A clock that was set back, or another silo's, must not order versions anew.
    private DateTimeOffset Now()
    {
        var clock = timeProvider.GetUtcNow();
        return Latest is { } latest && latest.PublishedAt > clock ? latest.PublishedAt : clock;
    }

    private DateTimeOffset EarliestEffectiveFrom(DateTimeOffset now)
    {
        var earliest = now + _options.LeadTime;
        return Latest is { } latest && latest.EffectiveFrom > earliest ? latest.EffectiveFrom : earliest;
    }

    private bool IsLatest(string contentHash, DateTimeOffset? effectiveFrom) =>
        Latest is { } latest && latest.ContentHash == contentHash && (effectiveFrom is null || effectiveFrom == latest.EffectiveFrom);

    private void CheckEffectiveFrom(DateTimeOffset? effectiveFrom, DateTimeOffset now, List<FieldFault> faults)
    {
        if (effectiveFrom < now + _options.LeadTime)
        {
            faults.Add(new FieldFault(
                "effectiveFrom",
                FaultCodes.InPast,
                _options.LeadTime == TimeSpan.Zero ? "Must not be in the past." : $"Must be at least {_options.LeadTime.TotalSeconds} seconds ahead."));
        }
        else if (effectiveFrom < Latest?.EffectiveFrom)
        {
            faults.Add(new FieldFault(
                "effectiveFrom", FaultCodes.Conflict, $"Must not be before version {Latest.Version} takes effect, {Latest.EffectiveFrom:O}."));
        }
    }

    private PublishReply Reply(StoredRateCardVersion stored) => new()
    {
        Id = Id,
        Version = stored.Version,
        EffectiveFrom = stored.EffectiveFrom,
        ContentHash = stored.ContentHash,
    };

    private RateCardView View(StoredRateCardVersion stored) => new()
    {
        Id = Id,
        Version = stored.Version,
        EffectiveFrom = stored.EffectiveFrom,
        PublishedAt = stored.PublishedAt,
        ContentHash = stored.ContentHash,
        Card = serializer.Deserialize(stored.Draft) ?? throw new InvalidOperationException($"Version {stored.Version} of rate card {Id} is stored without content."),
        LatestVersion = Latest!.Version,
    };
}
