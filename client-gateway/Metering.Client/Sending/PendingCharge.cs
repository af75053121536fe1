namespace Metering.Client.Sending;

/// <summary>A charge that a caller awaits. Once the caller has given it up it is not sent, or not sent again.</summary>
internal sealed class PendingCharge(OutgoingCharge charge)
{
    private readonly TaskCompletionSource<Answer<ChargeReply>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>In bytes, as a part of a batch.</summary>
    public int Size { get; } = charge.Size;

    /// <inheritdoc cref="OutgoingCharge.Send"/>
    public V1.ChargeRequest Send() => charge.Send();

    public Task<Answer<ChargeReply>> Answer => _answer.Task;

    public bool IsOver => _answer.Task.IsCompleted;

    public void Complete(Answer<ChargeReply> answer) => _answer.TrySetResult(answer);

    public void Fail(Exception exception)
    {
        if (_answer.TrySetException(exception))
        {
            // A caller who left at the same moment does not look at it any more.
            _ = _answer.Task.Exception;
        }
    }

    public void GiveUp() => _answer.TrySetCanceled();
}
