using System.Net;
using Grpc.Core;
using Metering.Contracts;

namespace Metering.Gateway.Wire;

/// <summary>
/// What each code is to HTTP and to gRPC: here and nowhere else. The switches have no <c>_</c> arm, so a new code does not compile
/// until both edges have answered it.
/// </summary>
internal static class Statuses
{
    public static HttpStatusCode Http(Code code) => code switch
    {
        Code.InvalidRequest => HttpStatusCode.BadRequest,
        Code.Unauthenticated => HttpStatusCode.Unauthorized,
        Code.Forbidden => HttpStatusCode.Forbidden,
        Code.AccountNotFound => HttpStatusCode.NotFound,
        Code.GrantNotFound => HttpStatusCode.NotFound,
        Code.ChargeNotFound => HttpStatusCode.NotFound,
        Code.HoldNotFound => HttpStatusCode.NotFound,
        Code.BudgetNotFound => HttpStatusCode.NotFound,
        Code.RateCardNotFound => HttpStatusCode.NotFound,
        Code.IdReused => HttpStatusCode.Conflict,
        Code.AccountClosed => HttpStatusCode.Conflict,
        Code.HoldClosed => HttpStatusCode.Conflict,
        Code.HoldExpired => HttpStatusCode.Conflict,
        Code.HoldsOpen => HttpStatusCode.Conflict,
        Code.AccountFrozen => HttpStatusCode.Forbidden,
        Code.MeterNotAllowed => HttpStatusCode.Forbidden,
        Code.ChargeTooLarge => HttpStatusCode.Forbidden,
        Code.DimensionRequired => HttpStatusCode.UnprocessableEntity,
        Code.UnknownMeter => HttpStatusCode.UnprocessableEntity,
        Code.NoPrice => HttpStatusCode.UnprocessableEntity,
        Code.TooOld => HttpStatusCode.UnprocessableEntity,
        Code.InFuture => HttpStatusCode.UnprocessableEntity,
        Code.OutOfRange => HttpStatusCode.UnprocessableEntity,
        Code.ExceedsCharge => HttpStatusCode.UnprocessableEntity,
        Code.RateLimited => HttpStatusCode.TooManyRequests,
        Code.BudgetExceeded => HttpStatusCode.PaymentRequired,
        Code.InsufficientCredits => HttpStatusCode.PaymentRequired,
        Code.Overloaded => HttpStatusCode.TooManyRequests,
        Code.Unavailable => HttpStatusCode.ServiceUnavailable,
        Code.Quarantined => HttpStatusCode.ServiceUnavailable,
        Code.KeyNotFound => HttpStatusCode.NotFound,
        Code.DetailNotKept => HttpStatusCode.UnprocessableEntity,
        Code.LastAdminKey => HttpStatusCode.Conflict,
    };

    /// <summary>
    /// Clients retry <c>UNAVAILABLE</c> and <c>RESOURCE_EXHAUSTED</c> by themselves, so only codes that pass by themselves have them: no
    /// credits is a failed precondition, and a quarantined account lost data.
    /// </summary>
    public static StatusCode Grpc(Code code) => code switch
    {
        Code.InvalidRequest => StatusCode.InvalidArgument,
        Code.Unauthenticated => StatusCode.Unauthenticated,
        Code.Forbidden => StatusCode.PermissionDenied,
        Code.AccountNotFound => StatusCode.NotFound,
        Code.GrantNotFound => StatusCode.NotFound,
        Code.ChargeNotFound => StatusCode.NotFound,
        Code.HoldNotFound => StatusCode.NotFound,
        Code.BudgetNotFound => StatusCode.NotFound,
        Code.RateCardNotFound => StatusCode.NotFound,
        Code.IdReused => StatusCode.AlreadyExists,
        Code.AccountClosed => StatusCode.FailedPrecondition,
        Code.HoldClosed => StatusCode.FailedPrecondition,
        Code.HoldExpired => StatusCode.FailedPrecondition,
        Code.HoldsOpen => StatusCode.FailedPrecondition,
        Code.AccountFrozen => StatusCode.PermissionDenied,
        Code.MeterNotAllowed => StatusCode.PermissionDenied,
        Code.ChargeTooLarge => StatusCode.PermissionDenied,
        Code.DimensionRequired => StatusCode.FailedPrecondition,
        Code.UnknownMeter => StatusCode.FailedPrecondition,
        Code.NoPrice => StatusCode.FailedPrecondition,
        Code.TooOld => StatusCode.OutOfRange,
        Code.InFuture => StatusCode.OutOfRange,
        Code.OutOfRange => StatusCode.OutOfRange,
        Code.ExceedsCharge => StatusCode.FailedPrecondition,
        Code.RateLimited => StatusCode.ResourceExhausted,
        Code.BudgetExceeded => StatusCode.FailedPrecondition,
        Code.InsufficientCredits => StatusCode.FailedPrecondition,
        Code.Overloaded => StatusCode.ResourceExhausted,
        Code.Unavailable => StatusCode.Unavailable,
        Code.Quarantined => StatusCode.DataLoss,
        Code.KeyNotFound => StatusCode.NotFound,
        Code.DetailNotKept => StatusCode.FailedPrecondition,
        Code.LastAdminKey => StatusCode.FailedPrecondition,
    };
}
