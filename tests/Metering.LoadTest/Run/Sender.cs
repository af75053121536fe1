namespace Metering.LoadTest.Run;

/// <summary>
/// Keeps a number of calls under way until the pacer says that it is over, and then until all are answered. Calls whose outcome is unknown
/// go again under the same ids, after a pause, until the patience of the run is at its end.
/// </summary>
internal abstract class Sender(SenderContext context)
{
    /// <summary>How long an answer may take before it counts as lost.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    // So that a server that refuses at once is not asked as fast as it can refuse.
    private static readonly TimeSpan PauseWhenRefused = TimeSpan.FromMilliseconds(10);

    protected SenderContext Context => context;

    public abstract Task RunAsync();

    /// <summary>Counts the outcomes; true when every charge has one, so that the call may be filled anew.</summary>
    protected bool Settle(ChargeCall call)
    {
        call.Settle(context.Meter);
        if (!call.IsAnswered)
        {
            return false;
        }

        context.Meter.Record(call);
        return true;
    }

    /// <summary>Before a call goes again; false when there is no point in it any more.</summary>
    protected async Task<bool> PauseAsync(ChargeCall call)
    {
        if (context.GivenUp.IsCancellationRequested)
        {
            context.Meter.GiveUp(call.Charges.Length);
            return false;
        }

        context.Meter.Resend();
        var pause = FirstPause * (1 << Math.Min(call.Attempts, 10));
        await Task.Delay(pause < MaxPause ? pause : MaxPause, context.GivenUp).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return true;
    }

    /// <summary>After a call that was refused for lack of room, when nothing but the answers sets the pace.</summary>
    protected Task YieldAsync(ChargeCall call) =>
        context.IsClosedLoop && call.Refused > 0 ? Task.Delay(PauseWhenRefused) : Task.CompletedTask;
}

/// <summary>What the senders of a run share.</summary>
/// <param name="Kind">By which door.</param>
/// <param name="Format">How calls are written and answers read.</param>
/// <param name="Source">What to charge.</param>
/// <param name="Pacer">When.</param>
/// <param name="Meter">Where it is counted.</param>
/// <param name="ChargesPerCall">How many charges a call carries.</param>
/// <param name="IsClosedLoop">Whether the answers set the pace.</param>
/// <param name="GivenUp">Cancelled when what has no answer yet is given up.</param>
internal sealed record SenderContext(
    CallKind Kind,
    IChargeFormat Format,
    ChargeSource Source,
    Pacer Pacer,
    LoadMeter Meter,
    int ChargesPerCall,
    bool IsClosedLoop,
    CancellationToken GivenUp);
