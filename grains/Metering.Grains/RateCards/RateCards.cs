using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Metering.Contracts;
using Metering.Core.Pricing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Grains;

/// <summary>
/// The rate cards this silo prices by: read without waiting by every charge, loaded once when first needed, refreshed in the background.
/// </summary>
/// <remarks>
/// <para>Why it may be trusted: a version takes effect no sooner than the lead time after it is published, so a copy asked for at
/// instant s knows every version that is in effect before s + lead time. A copy older than that is not handed out.</para>
/// <para>Without a lead time there is one silo, and the card's grain lives in it: it hands each version to <see cref="Publish"/> after it is
/// durable and before it is answered. A load under way at that moment takes it up when it ends, or it would store a card without it.</para>
/// </remarks>
public sealed class RateCards
{
    private const int MaxConcurrentRefreshes = 16;

    private readonly ConcurrentDictionary<string, Copy> _copies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Load> _loads = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly IRateCardSource _source;
    private readonly RateCardOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<RateCards> _logger;

    public RateCards(IGrainFactory grains, IOptions<RateCardOptions> options, TimeProvider timeProvider, ILogger<RateCards> logger)
        : this(new RateCardGrainSource(grains), options, timeProvider, logger)
    {
    }

    internal RateCards(IRateCardSource source, IOptions<RateCardOptions> options, TimeProvider timeProvider, ILogger<RateCards> logger)
    {
        _source = source;
        _options = options.Value;
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>
    /// Whether some card could not be refreshed for the lead time: for health checks. A charge need not ask, because <see cref="TryGet"/> does
    /// not hand out such a card. Never true without a lead time.
    /// </summary>
    public bool IsStale => _copies.Any(pair => pair.Value.Card is not null && IsTooOld(pair.Value));

    /// <summary>
    /// Reads a card without waiting. True with a null card: there is no such card. False when it was never loaded or is too old to price
    /// by: <see cref="LoadAsync"/> it.
    /// </summary>
    public bool TryGet(string card, out RateCard? rateCard)
    {
        if (_copies.TryGetValue(card, out var copy) && !IsTooOld(copy))
        {
            copy.MarkUsed();
            rateCard = copy.Card;
            return true;
        }

        rateCard = null;
        return false;
    }

    /// <summary>Reads a card, asking its grain when need be: once, however many ask. Null when there is no such card.</summary>
    /// <exception cref="Exception">The grain could not be asked; the next call tries again.</exception>
    public ValueTask<RateCard?> LoadAsync(string card)
    {
        if (TryGet(card, out var rateCard))
        {
            return ValueTask.FromResult(rateCard);
        }

        lock (_gate)
        {
            if (!_loads.TryGetValue(card, out var load))
            {
                load = new Load();
                _loads.Add(card, load);

                // Away from the caller's activation: others wait for this load too, and must not depend on how long it lives.
                load.Task = Task.Run(() => LoadFromSource(card, load));
            }

            return new ValueTask<RateCard?>(load.Task);
        }
    }

    /// <summary>Takes up a version that has just become durable.</summary>
    internal void Publish(RateCardVersion version)
    {
        lock (_gate)
        {
            if (_loads.TryGetValue(version.Card, out var load))
            {
                load.Published.Add(version);
            }

            if (!_copies.TryGetValue(version.Card, out var copy))
            {
                return;
            }

            if (version.Version > (copy.Card?.LatestVersion ?? 0) + 1)
            {
                // Versions in between were published elsewhere: what is here has a hole, and is loaded again when needed.
                _copies.TryRemove(version.Card, out _);
                return;
            }

            // The copy is no fresher for it: it says nothing about other versions.
            _copies[version.Card] = copy.With(Append(copy.Card, version), copy.AskedAt);
        }
    }

    /// <summary>Asks for new versions of every card held here.</summary>
    internal Task RefreshAsync(CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            _copies.Where(pair => pair.Value.Card is not null).Select(pair => pair.Key).ToArray(),
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentRefreshes, CancellationToken = cancellationToken },
            async (card, cancellation) => await Refresh(card, cancellation));

    private async Task Refresh(string card, CancellationToken cancellationToken)
    {
        if (!_copies.TryGetValue(card, out var known) || known.Card is null)
        {
            return;
        }

        try
        {
            var askedAt = _timeProvider.GetTimestamp();

            // One card whose grain does not answer must not make the others old as well.
            var views = await _source.GetAfter(card, known.Card.LatestVersion).WaitAsync(_options.RefreshInterval, _timeProvider, cancellationToken);
            lock (_gate)
            {
                // The copy may have been replaced or removed meanwhile: what came goes on top of what is here now.
                if (_copies.TryGetValue(card, out var copy) && copy.Card is not null)
                {
                    _copies[card] = copy.With(Append(copy.Card, views), Math.Max(askedAt, copy.AskedAt));
                }
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            Log.RateCardNotRefreshed(_logger, card, exception);
        }
    }

    private async Task<RateCard?> LoadFromSource(string card, Load load)
    {
        try
        {
            var askedAt = _timeProvider.GetTimestamp();
            var views = await _source.GetAfter(card, version: 0);
            lock (_gate)
            {
                var loaded = views.Count == 0 ? null : Append(new RateCard(card, []), views);
                foreach (var version in load.Published)
                {
                    loaded = Append(loaded, version);
                }

                MakeRoom(card);
                _copies[card] = new Copy(loaded, askedAt);
                return loaded;
            }
        }
        finally
        {
            lock (_gate)
            {
                _loads.Remove(card);
            }
        }
    }

    private bool IsTooOld(Copy copy)
    {
        var age = _timeProvider.GetElapsedTime(copy.AskedAt);
        return copy.Card is null
            ? age >= _options.MissingRecheckInterval
            : _options.LeadTime > TimeSpan.Zero && age >= _options.LeadTime;
    }

    [return: NotNullIfNotNull(nameof(card))]
    private static RateCard? Append(RateCard? card, IReadOnlyList<RateCardView> views)
    {
        foreach (var view in views)
        {
            card = Append(card, RateCardMapping.Rebuild(view));
        }

        return card;
    }

    // Only ever the next version: a card with a hole would price by the wrong one, and no refresh would fill it.
    [return: NotNullIfNotNull(nameof(card))]
    private static RateCard? Append(RateCard? card, RateCardVersion version) =>
        version.Version == (card?.LatestVersion ?? 0) + 1 ? (card ?? new RateCard(version.Card, [])).With(version) : card;

    // Second chance: of the copies passed over, the first that was not used since it was last passed over goes.
    private void MakeRoom(string card)
    {
        if (_copies.Count < _options.MaxCachedCards || _copies.ContainsKey(card))
        {
            return;
        }

        var victim = _copies.First().Key;
        foreach (var (other, copy) in _copies)
        {
            if (!copy.TakeUsed())
            {
                victim = other;
                break;
            }
        }

        _copies.TryRemove(victim, out _);
    }

    /// <summary>A card, or that there is none, as of the moment it was asked for.</summary>
    private sealed class Copy(RateCard? card, long askedAt)
    {
        private volatile bool _used = true;

        internal RateCard? Card => card;

        internal long AskedAt => askedAt;

        internal Copy With(RateCard? next, long nextAskedAt) => new(next, nextAskedAt) { _used = _used };

        // Read before written: a line of memory that every charge writes would go back and forth between the cores.
        internal void MarkUsed()
        {
            if (!_used)
            {
                _used = true;
            }
        }

        internal bool TakeUsed()
        {
            var used = _used;
            _used = false;
            return used;
        }
    }

    /// <summary>A card on its way, and the versions published here since it set out.</summary>
    private sealed class Load
    {
        internal Task<RateCard?> Task { get; set; } = System.Threading.Tasks.Task.FromResult<RateCard?>(null);

        internal List<RateCardVersion> Published { get; } = [];
    }
}
